import type { Address, IpFamily } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { NodeReason } from './node-reason.ts'
import type { ClosedBy } from './openness.ts'
import type { Obstacle } from './sharing.ts'
import type { Stranding } from './stranding.ts'
import type { Reservation } from './world.ts'

/** Why a Service has the addresses that it has, or has none. The addresses are in its grant. */
export type Reason = Given | Compromise | Refusal | NodeReason

/** All is as the Service wants it. */
export type Given =
  | { readonly kind: 'kept' }
  | { readonly kind: 'asked-for' }
  | { readonly kind: 'pool-named'; readonly pool: string }
  | { readonly kind: 'pool-chosen'; readonly pool: string }
  /** It shares an address with Services of the same key; one of them is named. */
  | {
      readonly kind: 'joined'
      readonly pool: string
      readonly address: Address
      readonly key: string
      readonly holder: ServiceName
    }
  | { readonly kind: 'family-added'; readonly pool: string; readonly address: Address }

/** It has an address, and there is something to report about it. */
type Compromise =
  | StrandedReason
  | { readonly kind: 'wish-unmet'; readonly why: Refusal }
  /** It has one family, and the other one cannot be had. */
  | { readonly kind: 'family-missing'; readonly family: IpFamily; readonly why: PoolRefusal }
  /** Another program wrote its status, and there is nothing to put in its place. */
  | { readonly kind: 'left-alone'; readonly why: Refusal }

export interface StrandedReason {
  readonly kind: 'stranded'
  readonly address: Address
  /** The pool that gave it. */
  readonly pool: string
  readonly why: Stranding
}

/** Why something cannot be had. */
export type Refusal =
  | { readonly kind: 'leaving' }
  | { readonly kind: 'no-pools' }
  /** For each pool why it gives nothing; none is left out. */
  | { readonly kind: 'no-room'; readonly pools: readonly (PoolRefusal | NotAutomatic)[] }
  | PoolRefusal
  | AddressRefusal
  | { readonly kind: 'wish-unreadable'; readonly text: string; readonly why: string }

/** A pool of that name is not among those that give addresses. */
export type AbsentPool =
  | { readonly kind: 'pool-unknown'; readonly pool: string }
  /** It is there, and nothing of it can be read. */
  | { readonly kind: 'pool-unread'; readonly pool: string }

/** Why a pool gives a Service nothing. */
export type PoolRefusal =
  | AbsentPool
  | { readonly kind: 'pool-closed'; readonly pool: string; readonly by: ClosedBy }
  /** It never has addresses of this family. */
  | { readonly kind: 'pool-without-family'; readonly pool: string; readonly family: IpFamily }
  /** Its addresses of this family are all in use. */
  | { readonly kind: 'pool-full'; readonly pool: string; readonly family: IpFamily }

/** The pool gives to those that ask for it, and the Service asks for nothing. */
export interface NotAutomatic {
  readonly kind: 'pool-not-automatic'
  readonly pool: string
}

/** Why a Service cannot have the addresses that it asks for. */
export type AddressRefusal =
  | { readonly kind: 'address-taken'; readonly address: Address; readonly obstacle: Obstacle }
  | {
      readonly kind: 'address-reserved'
      readonly address: Address
      readonly reservation: Reservation
    }
  | { readonly kind: 'address-avoided'; readonly address: Address; readonly pool: string }
  | { readonly kind: 'outside-pools'; readonly address: Address }
  /** A pool is named as well, and the address is in another one. */
  | {
      readonly kind: 'pools-disagree'
      readonly address: Address
      readonly named: string
      readonly has: string
    }
  /** The addresses that are asked for are in different pools. */
  | {
      readonly kind: 'pools-differ'
      readonly addresses: readonly Address[]
      readonly pools: readonly string[]
    }
  | {
      readonly kind: 'wrong-families'
      readonly addresses: readonly Address[]
      readonly families: readonly IpFamily[]
    }

/**
 * Returns a stable word for a reason, as conditions of Kubernetes want it (metav1.Condition.reason):
 * `PoolFull` for `pool-full`.
 */
export function reasonWord({ kind }: Reason): string {
  return kind.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
