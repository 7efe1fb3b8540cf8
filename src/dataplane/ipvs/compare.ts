import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import { ownerIn } from '../../frontend/label-text.ts'
import type { Cidr } from '../../model/address.ts'
import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { type Tuple, tuple, withoutLastFields } from '../../model/tuple.ts'
import { changeBy } from '../../plan/ipvs/change-by.ts'
import {
  labelOf,
  type RecordedServers,
  type ServerConflict,
  withoutConflicts,
} from '../../plan/ipvs/ownership.ts'
import { planIpvs } from '../../plan/ipvs/plan.ts'
import { notedInPlan } from '../../plan/ipvs/served.ts'
import type { Changes } from '../../render/assembly.ts'
import { addressChange, serverChanges } from '../../ruleset/ipvs/changes.ts'
import {
  type IpvsRules,
  type KernelIpvs,
  type ServerKey,
  serverIdOf,
} from '../../ruleset/ipvs/types.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type {
  ElementStep,
  ElementValue,
  KernelRuleset,
  Ruleset,
} from '../../ruleset/nftables/types.ts'
import { occupied } from './refused.ts'
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
  readonly lost: Changes
}

/**
 * Returns the virtual servers of other programs where nodelb wants its own: those that the tables
 * do not name.
 */
export function intrusions(
  { current, recorded }: FoundIpvs,
  renderer: ElementRenderer,
): readonly Intrusion[] {
  const wanted = rulesOf(renderer)
  const { rules: left, conflicts } = withoutConflicts(current, wanted, recorded)
  return conflicts.flatMap((conflict) => {
    const { key, label } = conflict
    if (label === undefined) return []
    const refusal = { service: ownerIn(label), reason: occupied(key) }
    return [{ key, refusal, lost: lostTo(conflict, wanted, left) }]
  })
}

/** Returns the task that brings ipvs from what was found to what is rendered. */
export function ipvsTask(
  { tables, current, recorded }: FoundIpvs,
  renderer: ElementRenderer,
  excludedRanges: readonly Cidr[],
): IpvsTask {
  const rules = rulesOf(renderer)
  const served = new Set([...current.servers.values()].map(({ address }) => address))
  const plan = planIpvs(current, rules, { recorded, excludedRanges })
  return {
    dummy: rules.dummy,
    plan,
    flows: notedInPlan(plan, current),
    changeBy: (operation) => changeBy(operation, current),
    served: (address) => served.has(address),
    formerLabel: (server) => labelOf(tables, server),
  }
}

function rulesOf(renderer: ElementRenderer): IpvsRules {
  const rules = renderer.ipvs()
  if (rules === undefined) throw new TypeError('the settings are not those of ipvs')
  return rules
}

/** Returns all that is not to be there because another program has the server. */
function lostTo({ key }: ServerConflict, wanted: IpvsRules, left: IpvsRules): Changes {
  const { address } = serverIdOf(key)
  const server = wanted.servers.get(key)
  const ofServer = serverChanges(undefined, server && { server })
  const elements = elementsOf(key, wanted.filter)
  if (!wanted.addresses.has(address) || left.addresses.has(address)) {
    return { elements, ipvs: ofServer }
  }
  const family = tableOfAddress(address)
  const bound = missing(family, SETS.boundAddresses, tuple(address), {})
  return {
    elements: [...elements, bound],
    ipvs: [...ofServer, addressChange(address, false, true)],
  }
}

/** Returns the elements of the table that are about a server, as changes that are not made. */
function elementsOf(key: ServerKey, filter: Ruleset): readonly ElementStep[] {
  const family = tableOfAddress(serverIdOf(key).address)
  return [...(filter[family]?.elements ?? [])].flatMap(([set, elements]) => {
    if (set === SETS.allowedSources) {
      return [...elements]
        .filter(([source]) => withoutLastFields(source, 1) === key)
        .map(([source, value]) => missing(family, set, source, value))
    }
    const value = elements.get(key)
    return value === undefined ? [] : [missing(family, set, key, value)]
  })
}

function missing(family: TableFamily, set: string, key: Tuple, after: ElementValue): ElementStep {
  return { family, set, key, before: undefined, after }
}
