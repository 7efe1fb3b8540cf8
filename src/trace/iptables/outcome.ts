import { type Address, hostCidr } from '../../model/address.ts'
import { tableOfAddress } from '../../model/family.ts'
import { present } from '../../model/present.ts'
import { CHAINS, isFrontChain } from '../../ruleset/iptables/chains.ts'
import { inPrefix } from '../../ruleset/iptables/rule.ts'
import type { ChainName, IptablesRuleset } from '../../ruleset/iptables/types.ts'
import type {
  Outcome,
  Reading,
  Source,
  WhyDropped,
  WhyKept,
  WhyMasqueraded,
  WhyRefused,
} from '../outcome.ts'
import { parseRule, parseRules } from './parse.ts'
import type { Match, ParsedRule } from './rule.ts'
import type { State, Step, WalkedTables } from './state.ts'
import type { Path, Trace } from './trace.ts'

/** Returns what the steps of a way mean, by names of chains and comments of rules. */
export function read({ packet }: Trace, path: Path, ruleset: IptablesRuleset): Reading {
  const tables = ruleset[tableOfAddress(packet.to)]
  const { steps } = path.state
  const service = labelIn(steps)
  const policy = policyOf(steps, service, tables)
  const outcome = outcomeOf(path, service, policy, tables)
  return {
    service,
    policy,
    reach: reachOf(steps, policy),
    sticky: steps.some(({ rule }) => rule.matches.some(({ kind }) => kind === 'recent')),
    outcome,
    besides: tables && isUnknown(outcome) ? offeredAt(packet.to, tables) : [],
  }
}

function isUnknown(outcome: Outcome): boolean {
  return (
    outcome.kind === 'untouched' || (outcome.kind === 'refused' && outcome.why === 'undefined-port')
  )
}

/**
 * Returns the label of the Service that the packet is for, from the comments of rules. The rule
 * that led the packet counts first: if source ranges let it pass to an address that nothing serves,
 * a node port may take it.
 */
function labelIn(steps: readonly Step[]): string | undefined {
  const leading = steps.find(({ rule }) => leadsTo(rule, (chain) => isFrontChain('serve', chain)))
  return [...(leading ? [leading] : []), ...steps]
    .map(({ rule }) => labelOf(rule))
    .find((label) => label !== undefined)
}

function labelOf({ matches }: ParsedRule): string | undefined {
  const comment = matches.find((match) => match.kind === 'comment')
  return comment && /^\S+\/\S+( \S+)?$/.test(comment.text) ? comment.text : undefined
}

function isClusterIp(label: string | undefined): boolean {
  return label?.endsWith(' cluster-ip') === true
}

/** Only policy Local has a second chain, which has every endpoint for pods and the node. */
function policyOf(
  steps: readonly Step[],
  label: string | undefined,
  tables: WalkedTables | undefined,
): Reading['policy'] {
  const rules = servingRules(steps, tables)
  if (rules === undefined || isClusterIp(label)) return undefined
  return rules.some((rule) => leadsTo(rule, (chain) => isFrontChain('every', chain)))
    ? 'local'
    : 'cluster'
}

/** Returns the rules of the chain that the packet's VIP or node port has for itself. */
function servingRules(
  steps: readonly Step[],
  tables: WalkedTables | undefined,
): readonly ParsedRule[] | undefined {
  const chain = steps.map(({ chain }) => chain).find((name) => isFrontChain('serve', name))
  const rules = chain === undefined ? undefined : tables?.get('nat')?.chains.get(chain)
  return rules && parseRules(rules)
}

function leadsTo({ target }: ParsedRule, which: (chain: ChainName) => boolean): boolean {
  return (target.kind === 'jump' || target.kind === 'goto') && which(target.chain)
}

/** Returns whether the way led through this chain and something happened there. */
function went(steps: readonly Step[], name: ChainName): boolean {
  return steps.some(({ rule }) => leadsTo(rule, (chain) => chain === name))
}

function reachOf(steps: readonly Step[], policy: Reading['policy']): Reading['reach'] {
  const last = steps.find(({ rule }) => rule.target.kind === 'dnat')
  if (last === undefined) return undefined
  return policy === 'local' && !isFrontChain('every', last.chain) ? 'local' : 'cluster'
}

function outcomeOf(
  { end, state }: Path,
  label: string | undefined,
  policy: Reading['policy'],
  tables: WalkedTables | undefined,
): Outcome {
  const { translated, destination, port, steps } = state
  if (end === 'dropped') return { kind: 'dropped', why: whyDropped(steps) }
  if (end !== 'passed') return { kind: 'refused', with: end.rejectedWith, why: whyRefused(steps) }
  if (!translated || port === undefined) return { kind: 'untouched', why: 'no-service' }
  const source = sourceOf(state, label, policy, tables)
  return { kind: 'delivered', address: destination, port, source }
}

function whyDropped(steps: readonly Step[]): WhyDropped {
  const { chain } = present(steps.at(-1))
  if (isFrontChain('allow', chain)) return 'source-not-listed'
  if (isUnserved(steps)) return 'no-local-endpoints'
  return chain === CHAINS.refuse ? 'unallocated-address' : 'not-known'
}

function whyRefused(steps: readonly Step[]): WhyRefused {
  if (isUnserved(steps)) return 'no-endpoints'
  return went(steps, CHAINS.clusterIps) ? 'undefined-port' : 'not-known'
}

function isUnserved(steps: readonly Step[]): boolean {
  return went(steps, CHAINS.unservedVips) || went(steps, CHAINS.unservedNodePorts)
}

function sourceOf(
  { steps, source, masqueraded }: State,
  label: string | undefined,
  policy: Reading['policy'],
  tables: WalkedTables | undefined,
): Source {
  const marking = steps.find(({ rule }) => rule.target.kind === 'mark')
  if (masqueraded !== undefined) {
    const why = went(steps, CHAINS.hairpin) ? 'hairpin' : whyMarked(marking, label)
    return { kind: 'node', address: masqueraded.as, why }
  }
  if (marking !== undefined)
    return { kind: 'client', address: source, why: 'endpoint-on-this-node' }
  return { kind: 'client', address: source, why: whyKept(steps, label, policy, tables) }
}

function whyMarked(step: Step | undefined, label: string | undefined): WhyMasqueraded {
  if (step === undefined) return 'not-known'
  if (step.chain === CHAINS.markOutside) return 'not-from-pods'
  if (!isFrontChain('serve', step.chain)) return 'not-known'
  // No rule of such a chain marks packets of pods.
  if (step.rule.matches.some(tellsSource)) return 'from-this-node'
  return isClusterIp(label) ? 'masquerade-all' : 'policy-cluster'
}

function tellsSource({ kind }: Match): boolean {
  return kind === 'source-is-local' || kind === 'source'
}

function whyKept(
  steps: readonly Step[],
  label: string | undefined,
  policy: Reading['policy'],
  tables: WalkedTables | undefined,
): WhyKept {
  if (policy === 'local') {
    return steps.some(({ chain }) => isFrontChain('every', chain)) ? 'from-pods' : 'policy-local'
  }
  if (!isClusterIp(label)) return 'not-asked'
  const asks = servingRules(steps, tables)?.some((rule) =>
    leadsTo(rule, (chain) => chain === CHAINS.markOutside),
  )
  return asks ? 'from-pods' : 'pods-not-known'
}

/** Returns what an address offers, as `tcp 80: namespace/name:port kind`. */
function offeredAt(address: Address, tables: WalkedTables): readonly string[] {
  const isLeaf = `${inPrefix('-d', hostCidr(address))} -p `
  const chains = [tables.get('nat'), tables.get('filter')].flatMap((table) => [
    ...(table?.chains.values() ?? []),
  ])
  const leaves = chains.flatMap((rules) => rules.filter((text) => text.startsWith(isLeaf)))
  return leaves.map(parseRule).flatMap((rule) => {
    const label = labelOf(rule)
    const protocol = rule.matches.find((match) => match.kind === 'protocol')
    const ports = rule.matches.find((match) => match.kind === 'ports')
    if (label === undefined || protocol === undefined || ports === undefined) return []
    // A port without local endpoints is in the table filter, too.
    if (!leadsTo(rule, (chain) => isFrontChain('serve', chain) || chain === CHAINS.reject))
      return []
    return [`${protocol.name} ${ports.first}: ${label}`]
  })
}
