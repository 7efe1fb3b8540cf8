import type { Grant } from '../../allocate/allocation.ts'
import type { Decision, ServiceFacts } from '../../allocate/decide.ts'
import type { Held } from '../../allocate/world.ts'
import { renewAnnotation, renewedAnnotation } from '../../decode/allocation/annotations.ts'
import type { Address } from '../../model/address.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { sameMembers } from '../../model/same-members.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { StoredService } from '../allocation-store.ts'
import type { ServiceStatus } from '../service-status.ts'

/** What a Service was given. It stands for the status, which a manifest does not have. */
export interface Given {
  readonly addresses: readonly Held[]
  /** The addresses in the status of its manifest, where another status counts as set by hand. */
  readonly status: readonly Address[]
  /** The value of `nodelb.io/renew` that has been done; undefined if there was none. */
  readonly renewed: string | undefined
}

/** What Services were given, also those that are gone: they come first, the longest gone first. */
export type GivenAddresses = ReadonlyMap<ServiceName, Given>

/**
 * How many Services that are gone are remembered. A folder that is empty for a moment, or a Service
 * that is moved to another file, gets back what it had, as long as that is free.
 */
const GONE = 10_000

type Services = ReadonlyMap<ServiceName, StoredService>

/** The Services that could be read, and the names of those that could not. */
interface FoundServices {
  readonly services: Services
  readonly unread: readonly ServiceName[]
}

/**
 * Returns what an allocation reads of the Services, each with what it was given as held. One that cannot
 * be read keeps an address of a pool.
 */
export function asGiven(
  { services, unread }: FoundServices,
  given: GivenAddresses,
  { addresses }: Pick<AllocationSettings, 'addresses'>,
): readonly ServiceFacts[] {
  const unreadable = addresses === 'nodes' ? [] : unreadHolders(unread, given)
  return [...holding(services, given), ...unreadable]
}

function holding(services: Services, given: GivenAddresses): readonly ServiceFacts[] {
  return [...services].map(([name, facts]) => {
    const before = given.get(name)
    if (facts.kind !== 'claimant' || before === undefined) return facts
    const { claimant, status } = facts
    const renew = status.annotations.get(renewAnnotation)
    const renewed = before.renewed ?? status.annotations.get(renewedAnnotation)
    const held = isEdited(status, before) ? edited(claimant.held, before) : before.addresses
    return { ...facts, claimant: { ...claimant, held, renewing: !!renew && renew !== renewed } }
  })
}

function isEdited({ ingress }: ServiceStatus, { status }: Given): boolean {
  return ingress.length > 0 && !sameMembers(ingress, status)
}

/** Returns the addresses of a status that was set by hand; those that were given stay marked. */
function edited(held: readonly Held[], { addresses }: Given): readonly Held[] {
  return held.map((each) => addresses.find(({ address }) => address === each.address) ?? each)
}

/**
 * Returns Services that cannot be read as claimants that keep what they were given and get nothing
 * new, so that no other Service is given their addresses.
 */
function unreadHolders(
  names: readonly ServiceName[],
  given: GivenAddresses,
): readonly ServiceFacts[] {
  return names.flatMap((service): ServiceFacts[] => {
    const { addresses: held } = given.get(service) ?? { addresses: [] }
    if (held.length === 0) return []
    const [namespace = '', name = ''] = service.split('/')
    const claimant = {
      ...{ namespace, name, held, created: '', labels: new Map(), dual: 'no' as const },
      families: ['ipv4', 'ipv6'] as const,
      wish: { kind: 'any' as const },
      sharing: { key: undefined, ports: [], backend: '' },
      renewing: false,
      leaving: true,
    }
    const placement = { lbpool: undefined, tolerations: [], local: false }
    return [{ kind: 'claimant', claimant, placement, externalIps: [] }]
  })
}

/** Returns what has been given after a decision; `former` itself if that is the same. */
export function remembered(
  { grants }: Decision,
  services: Services,
  former: GivenAddresses,
): GivenAddresses {
  const given = new Map<ServiceName, Given>()
  for (const grant of grants) {
    const name = serviceName(grant)
    const now = givenBy(grant, services.get(name)?.status, former.get(name))
    if (now !== undefined) given.set(name, now)
  }
  const taken = new Set([...given.values()].flatMap(({ addresses }) => addresses.map(addressOf)))
  const gone = [...former].filter(([name]) => !services.has(name) && !given.has(name))
  const free = gone.flatMap(([name, entry]): [ServiceName, Given][] => {
    const addresses = entry.addresses.filter(({ address }) => !taken.has(address))
    if (addresses.length === entry.addresses.length) return [[name, entry]]
    return addresses.length === 0 ? [] : [[name, { ...entry, addresses }]]
  })
  const all = new Map([...free.slice(-GONE), ...given])
  const isSame =
    all.size === former.size && [...all].every(([name, each]) => former.get(name) === each)
  return isSame ? former : all
}

/** Returns what a grant gives; `former` itself if that is the same. Undefined if it is nothing. */
function givenBy(
  { addresses: granted, reason }: Grant,
  status: ServiceStatus | undefined,
  former: Given | undefined,
): Given | undefined {
  // These addresses are of another program, or nobody knows whose they are.
  if (reason.kind === 'left-alone' || reason.kind === 'no-nodes-known') return former
  if (granted.length === 0) return undefined
  const ingress = status?.ingress ?? []
  const now: Given = {
    addresses: granted.map(({ address, pool }) => ({ address, pool })),
    status: ingress.length > 0 ? ingress : (former?.status ?? []),
    renewed: status?.annotations.get(renewAnnotation) ?? former?.renewed,
  }
  return JSON.stringify(now) === JSON.stringify(former) ? former : now
}

function addressOf({ address }: Held): Address {
  return address
}

/**
 * Returns what has to take the place of the addresses in the status of a manifest; undefined if
 * they are right as they stand, in whatever order and with whatever `ipMode`.
 */
export function replacementFor(
  { ingress, otherIngress }: Pick<ServiceStatus, 'ingress' | 'otherIngress'>,
  addresses: readonly Address[],
): readonly Address[] | undefined {
  const isSpoilt = otherIngress && addresses.length > 0
  return !isSpoilt && sameMembers(ingress, addresses) ? undefined : addresses
}
