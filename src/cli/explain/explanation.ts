import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import { endpointText, serverText } from '../../ruleset/ipvs/print.ts'
import { printRule } from '../../ruleset/nftables/print.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import { read } from '../../trace/nftables/outcome.ts'
import type { Step, WalkedRuleset } from '../../trace/nftables/state.ts'
import type { Path, Trace } from '../../trace/nftables/trace.ts'
import type { Outcome, Reading } from '../../trace/outcome.ts'
import type { Packet } from '../../trace/packet.ts'

/** An interpreted trace, which `nodelb explain` prints as text and as JSON. */
export interface Explanation {
  readonly packet: Packet
  readonly ways: readonly ExplainedWay[]
  readonly doubts: readonly string[]
}

export interface ExplainedWay extends Reading {
  readonly odds: number
  readonly steps: readonly ExplainedStep[]
}

export type ExplainedStep = ExplainedRule | ExplainedChainRule | ExplainedServer

/** A rule that did something, in nft's notation. */
interface ExplainedRule {
  readonly kind: 'rule'
  readonly hook: string
  readonly chain: string
  readonly rule: string
  readonly elements: readonly ExplainedElement[]
}

/** A rule that did something, in the notation of iptables. */
export interface ExplainedChainRule {
  readonly kind: 'iptables'
  readonly hook: string
  readonly table: string
  readonly chain: string
  readonly rule: string
}

/** A virtual server that took the packet, in ipvsadm's notation. */
interface ExplainedServer {
  readonly kind: 'ipvs'
  readonly hook: string
  /** The server, such as `-t 10.96.0.10:80`. */
  readonly server: string
  readonly scheduler: string
  /** The seconds for which a client stays with a destination; null without session affinity. */
  readonly persistence: number | null
  /** The destination, such as `10.244.1.10:8080 masq`; none if the server takes no connections. */
  readonly destinations: readonly string[]
}

interface ExplainedElement extends ElementValue {
  readonly set: string
  readonly key: Tuple
}

/** Returns the explanation of a trace through nftables and ipvs. */
export function explainTrace(trace: Trace, ruleset: WalkedRuleset): Explanation {
  const { packet, doubts } = trace
  const ways = trace.paths.map((path) => wayOf(trace, path, ruleset))
  return { packet, ways, doubts }
}

function wayOf(trace: Trace, path: Path, ruleset: WalkedRuleset): ExplainedWay {
  const family: TableFamily = tableOfAddress(trace.packet.to)
  return {
    ...read(trace, path, ruleset),
    odds: path.odds,
    steps: path.state.steps.map((step) => stepOf(step, family)),
  }
}

function stepOf(step: Step, family: TableFamily): ExplainedStep {
  const { hook } = step
  if (step.kind === 'rule') {
    const { chain, rule, elements } = step
    return {
      kind: 'rule',
      hook,
      chain,
      rule: printRule(family, rule),
      elements: elements.map(({ set, key, value }) => ({ set, key, ...value })),
    }
  }
  const { server, destination } = step
  const { scheduler, persistence = null } = server
  return {
    kind: 'ipvs',
    hook,
    server: serverText(server),
    scheduler,
    persistence,
    destinations:
      destination === undefined ? [] : [`${endpointText(destination)} ${destination.method}`],
  }
}

/**
 * Returns whether the packet has the same outcomes with the same odds in both, whichever rules lead
 * to them.
 */
export function sameOutcome(a: Explanation, b: Explanation): boolean {
  return outcomeText(a) === outcomeText(b)
}

function outcomeText({ ways }: Explanation): string {
  const odds = new Map<string, number>()
  for (const way of ways) {
    const text = JSON.stringify(withoutReason(way.outcome))
    odds.set(text, (odds.get(text) ?? 0) + way.odds)
  }
  return [...odds]
    .map(([text, each]) => `${text} ${each.toFixed(6)}`)
    .sort()
    .join()
}

/** The same outcome may have another reason elsewhere. */
function withoutReason(outcome: Outcome): unknown {
  switch (outcome.kind) {
    case 'delivered':
      return [outcome.address, outcome.port, outcome.source.kind]
    case 'refused':
      return [outcome.kind, outcome.with]
    case 'dropped':
    case 'untouched':
      return outcome.kind
  }
}
