import { z } from 'zod'
import type { ProbeResult } from './agent.ts'
import { type Lab, type Probe, parseDestination } from './lab.ts'
import { isPartyName, nodeAddresses, outsider, type PartyName } from './topology.ts'

interface Packet {
  readonly from: PartyName
  readonly to: string
  readonly protocol: 'tcp' | 'udp'
}

/** One entry of a packets.yaml: who connects to what, and what is to become of it. */
export type Expectation =
  | (Packet & {
      readonly reaches: readonly string[]
      readonly source?: string | undefined
      readonly sticky: boolean
    })
  | (Packet & { readonly outcome: 'refused' | 'dropped' | 'untouched' })

const packet = z.strictObject({
  from: z.custom<PartyName>((name) => typeof name === 'string' && isPartyName(name), {
    error: ({ input }) => `the lab has no ${JSON.stringify(input)}`,
  }),
  to: z.string(),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
})

const expectation = z.union([
  packet.extend({
    reaches: z.array(z.string()).min(1),
    source: z.string().optional(),
    sticky: z.boolean().default(false),
  }),
  packet.extend({ outcome: z.enum(['refused', 'dropped', 'untouched']) }),
])

export function decodeExpectations(content: unknown): readonly Expectation[] {
  return z.array(expectation).min(1).parse(content)
}

/** How many connections a line of a packets.yaml takes, and how long they may. */
export interface Pace {
  /** Usually enough for each of so many pods to get some. */
  connections(pods: number): number
  /** Milliseconds for what is to be answered. */
  readonly patience: number
  /** Milliseconds without an answer for what is to be dropped. */
  readonly silence: number
}

const USUAL: Pace = {
  connections: (pods) => Math.max(12, 8 * pods),
  // A patient probe tells "slow" from "dropped" on a busy machine.
  patience: 5_000,
  silence: 1_000,
}

/** Sends everything a packets.yaml lists; each line says what was expected and what happened. */
export async function disappointments(
  lab: Lab,
  expectations: readonly Expectation[],
  pace: Pace = USUAL,
): Promise<string[]> {
  const found = await Promise.all(
    expectations.map((expected) => disappointment(lab, expected, pace)),
  )
  return found.filter((line) => line !== undefined)
}

async function disappointment(
  lab: Lab,
  expected: Expectation,
  pace: Pace,
): Promise<string | undefined> {
  const probe = probeFor(expected, pace)
  const results = [...(await lab.probe(probe))]
  // A pod with its share of the connections is as good as never missed by four times as many
  // (1e-12).
  for (let more = 0; more < MORE_PROBES && isMissingPods(expected, results); more++) {
    results.push(...(await lab.probe(probe)))
  }
  const complaint = complain(expected, results)
  if (complaint === undefined) return undefined
  const { from, to, protocol } = expected
  return `${from} -> ${to}/${protocol}: expected ${complaint}, but: ${summary(results)}`
}

const MORE_PROBES = 3

/** Whether some pods have not answered yet, and nothing else is wrong. */
function isMissingPods(expected: Expectation, results: readonly ProbeResult[]): boolean {
  if ('outcome' in expected || expected.sticky) return false
  const pods = answering(results)
  return (
    pods.size < expected.reaches.length && [...pods].every((pod) => expected.reaches.includes(pod))
  )
}

/** The pods that answered; an empty name stands for all that was not answered. */
function answering(results: readonly ProbeResult[]): ReadonlySet<string> {
  return new Set(results.map((result) => (result.kind === 'answered' ? result.pod : '')))
}

function probeFor(expected: Expectation, { connections, patience, silence }: Pace): Probe {
  const { from, to, protocol } = expected
  if ('outcome' in expected) {
    const timeout = expected.outcome === 'dropped' ? silence : patience
    return { from, to, protocol, count: 3, concurrency: 3, timeout }
  }
  return {
    from,
    to,
    protocol,
    count: connections(expected.reaches.length),
    // The kernel remembers a client with its first connection: the others have to come later.
    concurrency: expected.sticky ? 1 : 20,
    timeout: patience,
  }
}

function complain(expected: Expectation, results: readonly ProbeResult[]): string | undefined {
  if ('outcome' in expected) {
    const { outcome } = expected
    return results.every((result) => hasOutcome(expected.to, outcome, result)) ? undefined : outcome
  }
  const pods = answering(results)
  const wanted = new Set<string>(expected.reaches)
  const known = [...pods].every((pod) => wanted.has(pod))
  if (expected.sticky && !(known && pods.size === 1)) {
    return `always the same of ${expected.reaches.join(', ')}`
  }
  if (!expected.sticky && !(known && pods.size === wanted.size)) {
    return expected.reaches.join(', ')
  }
  const { source } = expected
  const seen = results.every(
    (result) => result.kind === 'answered' && (source === undefined || result.peer === source),
  )
  return seen ? undefined : `source ${source}`
}

function hasOutcome(
  to: string,
  outcome: 'refused' | 'dropped' | 'untouched',
  result: ProbeResult,
): boolean {
  if (outcome !== 'untouched') return result.kind === outcome
  // The node sends what is not its own to the outside; at its own addresses no process listens.
  if (nodeAddresses.includes(parseDestination(to).host)) return result.kind === 'refused'
  return result.kind === 'answered' && result.pod === outsider
}

function summary(results: readonly ProbeResult[]): string {
  const counts = new Map<string, number>()
  for (const result of results) {
    const text = describe(result)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => `${count} × ${text}`).join('; ')
}

function describe(result: ProbeResult): string {
  switch (result.kind) {
    case 'answered':
      return `${result.pod} answered, which saw ${result.peer}`
    case 'failed':
      return result.error
    case 'refused':
    case 'dropped':
      return result.kind
  }
}
