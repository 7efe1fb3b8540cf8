import type { AddressOrigin } from '../../model/service.ts'
import type { Explanation } from './explanation.ts'

/** What this kernel does with the packet, if it holds rules of nodelb. */
export interface KernelComparison {
  readonly explanation: Explanation
  readonly operations: number
  readonly same: boolean
}

/**
 * Returns the ways with every field present, as null if it has no value, for programs that read
 * them.
 */
function waysAsJson(ways: Explanation['ways']): unknown {
  return ways.map(({ service = null, policy = null, reach = null, ...way }) => ({
    odds: way.odds,
    outcome: way.outcome,
    service,
    policy,
    reach,
    sticky: way.sticky,
    besides: way.besides,
    steps: way.steps,
  }))
}

/** What `nodelb explain -o json` prints. */
interface Answer {
  readonly of: 'files' | 'cluster' | 'kernel'
  readonly explanation: Explanation
  readonly kernel: KernelComparison | undefined
  /** Where the address comes from; undefined if it is not known, and for what the kernel holds. */
  readonly origin: AddressOrigin | undefined
  /** Who announces the address; null if it is not announced, and for what the kernel holds. */
  readonly announced: unknown
  /** To whom this Node announces it by BGP; null likewise. */
  readonly bgp: unknown
}

/** Returns the answer for programs. */
export function answerAsJson(answered: Answer): unknown {
  const { of, explanation, kernel, origin, announced, bgp } = answered
  const { packet, ways, doubts } = explanation
  const { origin: sender, ...sent } = packet
  const by = { sentBy: sender.kind === 'node' ? 'node' : 'other', interface: null as string | null }
  if (sender.kind === 'interface') by.interface = sender.name ?? null
  const compared = kernel && {
    operations: kernel.operations,
    same: kernel.same,
    ways: waysAsJson(kernel.explanation.ways),
    doubts: kernel.explanation.doubts,
  }
  return {
    packet: { ...sent, ...by },
    of,
    address: origin ? { pool: origin.pool ?? null, reason: origin.reason ?? null } : null,
    announced,
    bgp,
    ways: waysAsJson(ways),
    doubts,
    kernel: compared ?? null,
  }
}
