import type { Address } from '../../model/address.ts'
import { tableOfAddress } from '../../model/family.ts'
import { frontendAddress, type nodePortKey, vipKey } from '../../model/frontend-id.ts'
import { present } from '../../model/present.ts'
import { labelledSets, SETS, setNamed, setsOf } from '../../ruleset/nftables/sets.ts'
import type { Statement } from '../../ruleset/nftables/types.ts'
import type {
  Outcome,
  Reading,
  Source,
  WhyDropped,
  WhyKept,
  WhyMasqueraded,
  WhyRefused,
} from '../outcome.ts'
import type { Packet } from '../packet.ts'
import type { State, Step, WalkedRuleset, WalkedTable } from './state.ts'
import type { Path, Trace } from './trace.ts'

/** Returns what the steps of a way mean, by the sets and elements that the rules found. */
export function read({ packet }: Trace, path: Path, ruleset: WalkedRuleset): Reading {
  const table = ruleset[tableOfAddress(packet.to)]
  const { steps } = path.state
  const sets = setsIn(steps)
  const outcome = outcomeOf(path, table)
  return {
    service: table && labelOf(steps, packet, table),
    policy: sets.some(isLocalSet) ? 'local' : sets.some(isMasqueradeSet) ? 'cluster' : undefined,
    reach: path.end === 'left' ? 'cluster' : reachOf(steps),
    sticky: steps.some(({ effects }) => effects.some(({ kind }) => kind === 'remember')),
    outcome,
    besides: table && isUnknown(outcome) ? offeredAt(packet.to, table) : [],
  }
}

function isUnknown(outcome: Outcome): boolean {
  if (outcome.kind === 'untouched') return outcome.why === 'no-service'
  return outcome.kind === 'refused' && outcome.why === 'undefined-port'
}

function offeredAt(address: Address, { elements }: WalkedTable): readonly string[] {
  const { known, noEndpoints } = setsOf('vip')
  return [known, noEndpoints]
    .flatMap((set) => [...(elements.get(set) ?? [])])
    .filter(([key]) => key.startsWith(`${address} . `))
    .map(([key, { comment }]) => {
      const { protocol, port } = frontendAddress(key)
      return `${protocol} ${port}: ${comment ?? 'a Service'}`
    })
}

function outcomeOf({ end, state }: Path, table: WalkedTable | undefined): Outcome {
  const { translated, balanced, destination, port, steps } = state
  if (end === 'dropped') return { kind: 'dropped', why: whyDropped(setsIn(steps)) }
  if (end === 'left') return { kind: 'untouched', why: 'left-to-kube-proxy' }
  if (end !== 'passed') return { kind: 'refused', with: end.rejectedWith, why: whyRefused(steps) }
  if (!(translated || balanced) || port === undefined) {
    return { kind: 'untouched', why: 'no-service' }
  }
  return { kind: 'delivered', address: destination, port, source: sourceOf(state, table) }
}

const FRONTS = [setsOf('vip'), setsOf('node-port')] as const

function isLocalSet(name: string): boolean {
  return FRONTS.some(({ local }) => name === local)
}

function isMasqueradeSet(name: string): boolean {
  return FRONTS.some(({ masquerade }) => name === masquerade)
}

function setsIn(steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ elements }) => elements.map(({ set }) => set))
}

function reachOf(steps: readonly Step[]): Reading['reach'] {
  const map = steps.flatMap(statementsOf).find(({ kind }) => kind === 'dnat')
  if (map?.kind === 'dnat' && map.map === SETS.shortCuts) return 'cluster'
  if (steps.some(({ kind }) => kind === 'ipvs')) {
    return setsIn(steps).some(isLocalSet) ? 'local' : 'cluster'
  }
  if (map?.kind !== 'dnat') return undefined
  const id = setNamed(map.map)
  return id?.kind === 'endpoints' || id?.kind === 'seat' ? id.reach : 'cluster'
}

function statementsOf(step: Step): readonly Statement[] {
  return step.kind === 'rule' ? step.rule.statements : []
}

function whyDropped(sets: readonly string[]): WhyDropped {
  switch (sets.at(-1)) {
    case SETS.restricted:
      return 'source-not-listed'
    case SETS.serviceRanges:
      return 'unallocated-address'
    case FRONTS[0].noLocalEndpoints:
    case FRONTS[1].noLocalEndpoints:
      return 'no-local-endpoints'
    default:
      return 'not-known'
  }
}

function whyRefused(steps: readonly Step[]): WhyRefused {
  if (steps.at(-1)?.kind === 'ipvs') return 'no-destination'
  switch (setsIn(steps).at(-1)) {
    case SETS.clusterIps:
    case SETS.boundAddresses:
      return 'undefined-port'
    case FRONTS[0].noEndpoints:
    case FRONTS[1].noEndpoints:
      return 'no-endpoints'
    default:
      return 'not-known'
  }
}

function sourceOf(state: State, table: WalkedTable | undefined): Source {
  const { steps, source, masqueraded } = state
  const marking = steps.find(({ effects }) => effects.some(({ kind }) => kind === 'mark'))
  if (masqueraded !== undefined) {
    const why = setsIn(steps).includes(SETS.hairpin) ? 'hairpin' : whyMarked(marking)
    return { kind: 'node', address: masqueraded.as, why }
  }
  return { kind: 'client', address: source, why: whyKept(steps, marking, table) }
}

function whyMarked(step: Step | undefined): WhyMasqueraded {
  if (step === undefined) return 'not-known'
  if (setsIn([step]).some(isMasqueradeSet)) return 'policy-cluster'
  const statements = statementsOf(step)
  if (statements.some(tellsThisNode)) return 'from-this-node'
  return statements.some(tellsPods) ? 'not-from-pods' : 'masquerade-all'
}

function tellsThisNode(statement: Statement): boolean {
  return (
    statement.kind === 'from-this-node' ||
    (statement.kind === 'in-set' && statement.set === SETS.nodeAddresses)
  )
}

function tellsPods(statement: Statement): boolean {
  return (
    statement.kind === 'interface' ||
    (statement.kind === 'in-set' && statement.set === SETS.podRanges)
  )
}

function whyKept(
  steps: readonly Step[],
  marking: Step | undefined,
  table: WalkedTable | undefined,
): WhyKept {
  if (marking !== undefined) return 'endpoint-on-this-node'
  if (setsIn(steps).some(isLocalSet)) {
    return steps.some((step) => statementsOf(step).some(tellsPods)) ? 'from-pods' : 'policy-local'
  }
  const toClusterIp = steps.some(({ elements }) =>
    elements.some(({ value }) => value.comment?.endsWith(' cluster-ip')),
  )
  if (!toClusterIp) return 'not-asked'
  return marksClusterIps(present(table)) ? 'from-pods' : 'pods-not-known'
}

function marksClusterIps({ chains }: WalkedTable): boolean {
  return [...chains.values()].some(({ rules }) =>
    rules.some(
      (rule) =>
        !('strange' in rule) &&
        rule.statements.some((each) => each.kind === 'in-set' && each.set === SETS.clusterIps) &&
        rule.statements.some(({ kind }) => kind === 'set-mark'),
    ),
  )
}

/** Returns the label that the elements carry; those of source ranges carry none. */
function labelOf(
  steps: readonly Step[],
  { to, protocol, port }: Packet,
  table: WalkedTable,
): string | undefined {
  const comments = steps.flatMap(({ elements }) => elements.map(({ value }) => value.comment))
  const found = comments.find((comment) => comment !== undefined)
  if (found !== undefined || protocol === 'icmp' || port === undefined) return found
  const restricted = setsIn(steps).includes(SETS.restricted)
  return restricted ? frontLabel(table, 'vip', vipKey(to, protocol, port)) : undefined
}

function frontLabel(
  table: WalkedTable,
  front: 'vip' | 'node-port',
  key: ReturnType<typeof nodePortKey>,
): string | undefined {
  return labelledSets(front)
    .map((set) => table.elements.get(set)?.get(key)?.comment)
    .find((comment) => comment !== undefined)
}
