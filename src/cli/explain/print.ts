import pc from 'picocolors'
import { present } from '../../model/present.ts'
import { endpointText } from '../../ruleset/ipvs/print.ts'
import { printElement } from '../../ruleset/nftables/print.ts'
import type { ExplainedStep, ExplainedWay, Explanation } from './explanation.ts'
import { policyLine, sourceLine, whyEnded } from './reasons.ts'

export interface ExplainLook {
  readonly colour: boolean
  /** True to show the rules; undefined to say nothing of them. */
  readonly full: boolean | undefined
}

/**
 * Returns the explanation as text: what becomes of the packet, why, and with `full` the rules in order. What is
 * known of the address besides stands behind the Service.
 */
export function printExplanation(
  explanation: Explanation,
  { colour, full }: ExplainLook,
  ofAddress: readonly Fact[] = [],
): string {
  const paint = pc.createColors(colour)
  const facts = [
    ...serviceFacts(present(explanation.ways[0])),
    ...ofAddress,
    ...endpointFacts(explanation.ways),
    ...endFacts(explanation.ways),
    ...explanation.doubts.map((doubt) => ['not known', doubt] as const),
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, text], at) => {
    const label = name === facts[at - 1]?.[0] ? '' : name
    return `  ${label.padEnd(width)}  ${text}\n`
  })
  return `${paint.bold(headline(explanation))}\n${lines.join('')}${rulesText(explanation.ways, full)}`
}

function rulesText(ways: Explanation['ways'], full: ExplainLook['full']): string {
  if (full === undefined) return ''
  return full ? printWays(ways) : rulesLine(ways)
}

/** Returns how many rules do something to the packet; empty if none does. */
function rulesLine(ways: readonly ExplainedWay[]): string {
  const steps = distinct(ways.flatMap((way) => way.steps.map((step) => [step.hook, titleOf(step)])))
  if (steps.length === 0) return ''
  return steps.length === 1
    ? '\n  1 rule; --full shows it\n'
    : `\n  ${steps.length} rules; --full shows them\n`
}

/** A line of the answer; those of one name that follow each other have it once. */
export type Fact = readonly [name: string, text: string]

function headline({ packet, ways }: Explanation): string {
  const { from, to, protocol, port, origin } = packet
  const by =
    origin.kind === 'node' ? ', sent by the node' : origin.name ? `, in by ${origin.name}` : ''
  const address = to.includes(':') ? `[${to}]` : to
  const target = port === undefined ? to : `${address}:${port}`
  return `${from} -> ${target}/${protocol}${by}: ${verdict(ways)}`
}

function verdict(ways: readonly ExplainedWay[]): string {
  const kinds = [...new Set(ways.map(({ outcome }) => outcome.kind))]
  return kinds.map((kind) => (kind === 'untouched' ? 'not ours' : kind)).join(' or ')
}

function serviceFacts(way: ExplainedWay): readonly Fact[] {
  const policy = policyLine(way)
  return [
    ...(way.service === undefined ? [] : [['Service', way.service] as const]),
    ...(policy === undefined ? [] : [['policy', policy] as const]),
    ...(way.sticky ? [['affinity', affinityLine(way)] as const] : []),
  ]
}

function affinityLine({ odds }: ExplainedWay): string {
  return odds === 1
    ? 'ClientIP: the client stays with this endpoint'
    : 'ClientIP: the client is not remembered yet, and will stay where this leads'
}

function endpointFacts(ways: readonly ExplainedWay[]): readonly Fact[] {
  const delivered = ways.flatMap(({ outcome, odds }) =>
    outcome.kind === 'delivered' ? [{ outcome, odds }] : [],
  )
  const endpoints = delivered.map(
    ({ outcome, odds }): Fact => ['endpoint', `${endpointText(outcome)}  ${oddsText(odds)}`],
  )
  const sources = distinct(delivered.map(({ outcome }) => sourceLine(outcome)))
  const seen = sources.map((source): Fact => {
    const by = delivered.filter(({ outcome }) => sourceLine(outcome) === source)
    const whom = by.map(({ outcome }) => endpointText(outcome)).join(', ')
    return ['sees', sources.length > 1 ? `${source} (${whom})` : source]
  })
  return [...endpoints, ...seen]
}

function endFacts(ways: readonly ExplainedWay[]): readonly Fact[] {
  const facts = ways.flatMap(({ outcome, besides }): readonly Fact[] => {
    const why = whyEnded(outcome)
    if (why === undefined) return []
    const how = outcome.kind === 'refused' ? ANSWERS[outcome.with] : undefined
    return [
      ['why', why],
      ...(how === undefined ? [] : [['with', how] as const]),
      ...besides.slice(0, MOST_DETAILS).map((each) => ['known there', each] as const),
    ]
  })
  return distinct(facts)
}

const ANSWERS = { 'tcp-reset': 'a TCP reset', 'port-unreachable': 'ICMP port unreachable' } as const

/** Returns `1 of 3` if the odds are a whole fraction, else per cent. */
function oddsText(odds: number): string {
  const lots = Math.round(1 / odds)
  if (Math.abs(odds * lots - 1) < 1e-9) return lots === 1 ? 'always' : `1 of ${lots}`
  return `${(odds * 100).toFixed(1)} %`
}

/** Prints the rules that all ways have in common, then those of each way. */
function printWays(ways: readonly ExplainedWay[]): string {
  const shared = commonSteps(ways)
  const common = present(ways[0]).steps.slice(0, shared).map(shown)
  const groups = grouped(ways, shared)
  const some = groups.slice(0, MOST_GROUPS)
  const more = groups.length - some.length
  return [
    printSteps(common, undefined),
    ...some.map((group) => {
      const title = groups.length > 1 ? `\n  then, to ${ends(group)}\n` : ''
      return title + printSteps(joined(group, shared), title === '' ? common.at(-1) : undefined)
    }),
    ...(more > 0 ? [`\n  and ${more} more, by rules of the same kind (-o json has all)\n`] : []),
  ].join('')
}

const MOST_GROUPS = 3

function ends(group: readonly ExplainedWay[]): string {
  return distinct(
    group.map(({ outcome }) =>
      outcome.kind === 'delivered' ? endpointText(outcome) : outcome.kind,
    ),
  ).join(', ')
}

function commonSteps(ways: readonly ExplainedWay[]): number {
  const [first, ...others] = ways
  const { steps } = present(first)
  const at = steps.findIndex((step, index) =>
    others.some(({ steps: theirs }) => JSON.stringify(theirs[index]) !== JSON.stringify(step)),
  )
  return at < 0 ? steps.length : at
}

/**
 * Groups ways with the same rules but different elements; with iptables, ways through the same
 * chains.
 */
function grouped(
  ways: readonly ExplainedWay[],
  from: number,
): readonly (readonly ExplainedWay[])[] {
  const groups = new Map<string, ExplainedWay[]>()
  for (const way of ways) {
    const id = JSON.stringify(way.steps.slice(from).map((step) => [step.hook, placeOf(step)]))
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [way])
    else group.push(way)
  }
  return [...groups.values()]
}

function placeOf(step: ExplainedStep): string {
  return step.kind === 'iptables' ? `${step.table} ${step.chain}` : titleOf(step)
}

/**
 * Returns the steps of ways with the same rules, with the elements and destinations of all of them.
 */
function joined(group: readonly ExplainedWay[], from: number): readonly ShownStep[] {
  return present(group[0])
    .steps.slice(from)
    .map((step, index) => {
      const steps = group.map(({ steps }) => present(steps[from + index]))
      const titles = distinct(steps.map(titleOf))
      const title = titles.length === 1 ? titleOf(step) : `${placeOf(step)}: one of`
      const details = distinct([
        ...(titles.length === 1 ? [] : rulesIn(steps)),
        ...steps.flatMap(detailsOf),
      ])
      return { hook: step.hook, title, details }
    })
}

function rulesIn(steps: readonly ExplainedStep[]): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'iptables' ? step.rule : []))
}

function distinct<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}

/** A step as it is printed. */
interface ShownStep {
  readonly hook: string
  readonly title: string
  /** The elements or destinations that were found there. */
  readonly details: readonly string[]
}

function shown(step: ExplainedStep): ShownStep {
  return { hook: step.hook, title: titleOf(step), details: detailsOf(step) }
}

function titleOf(step: ExplainedStep): string {
  if (step.kind === 'rule') return `${step.chain}: ${step.rule}`
  if (step.kind === 'iptables') return `${step.table} ${step.chain}: ${step.rule}`
  const { server, scheduler, persistence } = step
  return `ipvs: ${server} ${scheduler}${persistence === null ? '' : ` persistent ${persistence}`}`
}

function detailsOf(step: ExplainedStep): readonly string[] {
  if (step.kind === 'ipvs') return step.destinations.map((destination) => `-> ${destination}`)
  if (step.kind !== 'rule') return []
  return step.elements.map(({ set, key, ...value }) => `@${set} ${printElement(key, value)}`)
}

const MOST_DETAILS = 10

function printSteps(steps: readonly ShownStep[], before: ShownStep | undefined): string {
  return steps
    .map(({ hook, title, details }, at) => {
      const heading = hook === (steps[at - 1] ?? before)?.hook ? '' : `\n  ${hook}\n`
      const some = details.slice(0, MOST_DETAILS)
      const more = details.length - some.length
      return [
        `${heading}    ${title}\n`,
        ...some.map((detail) => `      ${detail}\n`),
        ...(more > 0 ? [`      and ${more} more\n`] : []),
      ].join('')
    })
    .join('')
}
