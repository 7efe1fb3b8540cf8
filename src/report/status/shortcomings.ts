import type { AgentState } from './agent-state.ts'

/** The part of the status about what Services and other objects ask for and do not get. */
export interface Shortcomings {
  readonly refused: readonly {
    readonly service: string
    readonly reason: string
    readonly since: string
  }[]
  readonly contested: readonly {
    readonly service: string
    readonly address: string
    readonly winner: string
  }[]
  /** Addresses that are refused to every Service that asks for them. */
  readonly refusedAddresses: readonly {
    readonly service: string
    readonly address: string
    readonly reason: string
  }[]
  /**
   * The number of further contested or refused addresses, for Services that have more than are
   * listed.
   */
  readonly moreAddresses: readonly { readonly service: string; readonly addresses: number }[]
  /** Ports that are served for a Service although something else on the node listens on them. */
  readonly heldPorts: readonly { readonly service: string; readonly ports: readonly string[] }[]
  readonly problems: readonly string[]
  /** Those of objects, and the Service that each object is about; null if it is about none. */
  readonly invalid: readonly {
    readonly object: string
    readonly service: string | null
    readonly problems: readonly string[]
  }[]
  /** What should be settled where the agent gives addresses, `Service/shop/web` that waits too. */
  readonly allocation: readonly { readonly object: string; readonly problem: string }[]
  readonly healthChecksWaiting: readonly {
    readonly service: string
    readonly port: number
    readonly reason: string
  }[]
}

/** Returns what falls short at the moment. */
export function shortcomings(state: AgentState): Shortcomings {
  const denied = [...state.denied.values()]
  return {
    refused: [...state.refused].map(([service, { reason, since }]) => ({
      service,
      reason,
      since: new Date(since).toISOString(),
    })),
    contested: denied.flatMap((each) =>
      each.event === 'address-contested'
        ? [{ service: each.service, address: each.address, winner: each.winner }]
        : [],
    ),
    refusedAddresses: denied.flatMap((each) =>
      each.event === 'address-refused'
        ? [{ service: each.service, address: each.address, reason: each.reason }]
        : [],
    ),
    moreAddresses: [...state.moreDenied].map(([service, addresses]) => ({ service, addresses })),
    heldPorts: [...state.heldPorts].map(([service, ports]) => ({ service, ports })),
    problems: [...state.sourceProblems, ...[...state.invalid.values()].flat()],
    invalid: [...state.invalid].map(([object, problems]) => {
      return { object, service: state.concerned.get(object) ?? null, problems }
    }),
    allocation: [...state.allocation].flatMap(([object, problems]) =>
      problems.map((problem) => ({ object, problem })),
    ),
    healthChecksWaiting: [...state.closedHealthChecks.values()].map(
      ({ service, port, reason }) => ({ service, port, reason }),
    ),
  }
}
