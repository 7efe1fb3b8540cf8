import type { ClaimKind } from '../frontend/claims.ts'

/** What is shown of an agent, as its status has it. Times are RFC 3339. */
export interface StatusInput {
  readonly at: string
  readonly version: string
  readonly node: string
  readonly startedAt: string
  readonly ready: boolean
  readonly reason: string
  readonly lastCommit: {
    readonly at: string
    readonly operations: number
    readonly durationMs: number
  } | null
  readonly backend: string | null
  readonly scope: string | null
  readonly doubt: Since | null
  readonly waiting: (Since & { readonly source: string; readonly failed: boolean }) | null
  readonly refusedConfiguration: (Since & { readonly source: string }) | null
  readonly failing: Since | null
  readonly ownership: {
    readonly kind: 'unknown' | 'owned' | 'not-owned'
    readonly reason?: string
  }
  readonly watches: Readonly<
    Record<string, { readonly kind: string; readonly since: string; readonly reason?: string }>
  >
  readonly objects: Readonly<Record<string, number>>
  readonly repairs: readonly { readonly at: string; readonly operations: number }[]
  readonly conditions: readonly string[]
  readonly refused: readonly (Since & { readonly service: string })[]
  readonly contested: readonly {
    readonly service: string
    readonly address: string
    readonly winner: string
  }[]
  readonly refusedAddresses: readonly {
    readonly service: string
    readonly address: string
    readonly reason: string
  }[]
  readonly moreAddresses: readonly { readonly service: string; readonly addresses: number }[]
  readonly heldPorts: readonly { readonly service: string; readonly ports: readonly string[] }[]
  readonly problems: readonly string[]
  readonly invalid: readonly {
    readonly object: string
    readonly service: string | null
    readonly problems: readonly string[]
  }[]
  readonly allocation: readonly { readonly object: string; readonly problem: string }[]
  readonly healthChecksWaiting: readonly {
    readonly service: string
    readonly port: number
    readonly reason: string
  }[]
  readonly services: readonly ServiceInput[]
}

interface Since {
  readonly since: string
  readonly reason: string
}

export interface ServiceInput {
  /** `namespace/name`. */
  readonly service: string
  readonly created: string
  readonly frontends: readonly FrontendInput[]
  readonly origin: { readonly pool?: string; readonly reason?: string } | null
  readonly localPolicies: readonly string[]
  readonly endpointDetails?: readonly {
    readonly address: string
    readonly node: string | null
    readonly state: string
  }[]
}

export interface FrontendInput {
  /** Such as `192.0.2.1:80/tcp`, and `*:30080/tcp` for a port of the node. */
  readonly address: string
  readonly port: string
  readonly kind: ClaimKind
  readonly state: 'serves' | 'refuses' | 'drops' | 'contested' | 'refused'
  readonly endpoints: number
  readonly localEndpoints: number
}
