import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import type { Cidr } from '../../model/address.ts'
import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import {
  labelOf,
  type RecordedServers,
  type ServerConflict,
  withoutConflicts,
} from '../../plan/ipvs/ownership.ts'
import { planIpvs } from '../../plan/ipvs/plan.ts'
import { notedInPlan } from '../../plan/ipvs/served.ts'
import { elementIn, IPVS_SETS } from '../../ruleset/ipvs/elements.ts'
import { serverText } from '../../ruleset/ipvs/print.ts'
import {
  type IpvsRules,
  type KernelIpvs,
  type ServerKey,
  serverIdOf,
} from '../../ruleset/ipvs/types.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { KernelRuleset } from '../../ruleset/nftables/types.ts'
import type { HeldElement } from '../nftables/keep.ts'
import type { WithholdingRenderer } from '../nftables/withholding-renderer.ts'
import type { Refusal } from '../outcome.ts'
import type { IpvsTask } from './task.ts'

/** What was read at one time. */
interface FoundIpvs {
  readonly tables: KernelRuleset
  readonly current: KernelIpvs
  readonly recorded: RecordedServers
}

/** A Service that cannot have a virtual server, and what of it is therefore not programmed. */
interface Intrusion {
  readonly key: ServerKey
  readonly refusal: Refusal
  readonly held: readonly HeldElement[]
}

/**
 * Returns the virtual servers of other programs where nodelb wants its own: those that the tables
 * do not name.
 */
export function intrusions(
  { current, recorded }: FoundIpvs,
  renderer: WithholdingRenderer,
): readonly Intrusion[] {
  const wanted = rulesOf(renderer)
  const { rules: left, conflicts } = withoutConflicts(current, wanted, recorded)
  return conflicts.flatMap((conflict) => {
    const { key, label } = conflict
    if (label === undefined) return []
    const service = ownerIn(label)
    const reason = `${serverText(serverIdOf(key))}: somebody else has made this virtual server`
    return [
      { key, refusal: { service, reason }, held: [...lostTo(conflict, service, wanted, left)] },
    ]
  })
}

/** Returns the task that brings ipvs from what was found to what is rendered. */
export function ipvsTask(
  { tables, current, recorded }: FoundIpvs,
  renderer: WithholdingRenderer,
  excludedRanges: readonly Cidr[],
): IpvsTask {
  const rules = rulesOf(renderer)
  const served = new Set([...current.servers.values()].map(({ address }) => address))
  const plan = planIpvs(current, rules, { recorded, excludedRanges })
  return {
    dummy: rules.dummy,
    plan,
    flows: notedInPlan(plan, current),
    before: ({ set, key }) => elementIn(current, set, key),
    served: (address) => served.has(address),
    formerLabel: (server) => labelOf(tables, server),
  }
}

function rulesOf(renderer: WithholdingRenderer): IpvsRules {
  const rules = renderer.ipvs()
  if (rules === undefined) throw new TypeError('the settings are not those of ipvs')
  return rules
}

function* lostTo(
  { key }: ServerConflict,
  service: Owner,
  wanted: IpvsRules,
  left: IpvsRules,
): Iterable<HeldElement> {
  const { address } = serverIdOf(key)
  const family: TableFamily = tableOfAddress(address)
  const without = (set: string, at: Tuple): HeldElement => {
    return { service, family, set, key: at, value: undefined }
  }
  for (const [set, elements] of wanted.filter[family]?.elements ?? []) {
    if (set === SETS.allowedSources) {
      for (const each of elements.keys()) if (each.startsWith(`${key} . `)) yield without(set, each)
    } else if (elements.has(key)) yield without(set, key)
  }
  const server = wanted.servers.get(key)
  if (server !== undefined) yield without(IPVS_SETS.servers, key)
  for (const to of server?.destinations.keys() ?? []) {
    yield without(IPVS_SETS.destinations, tuple(key, to))
  }
  if (!wanted.addresses.has(address) || left.addresses.has(address)) return
  yield without(IPVS_SETS.addresses, tuple(address))
  yield without(SETS.boundAddresses, tuple(address))
}
