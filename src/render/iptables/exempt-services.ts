import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import { parseAddress } from '../../model/address.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { CHAINS } from '../../ruleset/iptables/chains.ts'
import { jump } from '../../ruleset/iptables/rule.ts'
import type {
  IptablesChains,
  IptablesRuleset,
  IptablesTable,
  RuleText,
} from '../../ruleset/iptables/types.ts'
import type { FamilyWants } from './family-wants.ts'
import type { LoweredFront } from './front-chains.ts'
import { type HeldFront, leavesOf, NO_FRONT } from './leaves.ts'
import { noTouched, type Touched } from './touched.ts'

type Tables = ReadonlyMap<IptablesTable, IptablesChains>

/** What stays of a Service, as the tables have it; undefined if the tables have no such rule. */
interface Entries {
  readonly fronts: Map<Tuple, LoweredFront>
  readonly clusterIps: Map<Tuple, RuleText | undefined>
  readonly pods: Set<Tuple>
  readonly healthChecks: Map<Tuple, RuleText | undefined>
}

/** Returns the Services that have rules in the tables, as the comments of the rules name them. */
export function servicesIn(ruleset: IptablesRuleset): ReadonlySet<Owner> {
  const names = new Set<Owner>()
  for (const tables of [ruleset.ip, ruleset.ip6]) {
    const { fronts, clusterIps, healthChecks } = leavesOf(tables ?? new Map())
    const leaves = [fronts, clusterIps, healthChecks].flatMap((each) => [...each.values()])
    for (const { label } of leaves) names.add(ownerIn(label))
  }
  return names
}

/** The Services of one family that stay as the tables have them, whatever they want now. */
export class ExemptServices {
  readonly #services: Map<Owner, Entries> = new Map()
  readonly #fronts: Map<Tuple, LoweredFront> = new Map()
  readonly #clusterIps: Map<Tuple, RuleText | undefined> = new Map()
  readonly #healthChecks: Map<Tuple, RuleText | undefined> = new Map()
  #outside: readonly RuleText[] | undefined

  /** Leaves these Services as the tables have them; returns what has to be lowered anew. */
  exempt(tables: Tables, names: ReadonlySet<Owner>, wants: FamilyWants): Touched {
    const { fronts, clusterIps, healthChecks } = leavesOf(tables)
    const of = (label: string): Entries | undefined => this.#entriesOf(ownerIn(label), names)
    for (const [key, { label }] of wants.fronts) of(label)?.fronts.set(key, NO_FRONT)
    for (const kind of ['clusterIps', 'healthChecks'] as const) {
      for (const [key, label] of wants[kind].labels()) of(label)?.[kind].set(key, undefined)
    }
    const hairpin = new Set(masqueradedPods(tables))
    for (const [key, front] of fronts) {
      const entries = of(front.label)
      entries?.fronts.set(key, front)
      for (const pod of endpointsOf(front)) if (hairpin.has(pod)) entries?.pods.add(pod)
    }
    for (const [key, { rule, label }] of clusterIps) of(label)?.clusterIps.set(key, rule)
    for (const [key, { rule, label }] of healthChecks) of(label)?.healthChecks.set(key, rule)
    this.#outside = tables.get('nat')?.chains.get(CHAINS.markOutside)
    this.#gather()
    return touchedOf([...names].flatMap((name) => this.#services.get(name) ?? []))
  }

  /** Ends the exemption of a Service; returns what has to be lowered anew. */
  readmit(name: Owner): Touched {
    const entries = this.#services.get(name)
    if (entries === undefined) return noTouched()
    this.#services.delete(name)
    this.#gather()
    return touchedOf([entries])
  }

  names(): Iterable<Owner> {
    return this.#services.keys()
  }

  front(key: Tuple): LoweredFront | undefined {
    return this.#fronts.get(key)
  }

  /** Returns the rule of an exempt Service for the address; undefined if no such Service has it. */
  clusterIp(address: Tuple): { readonly rule: RuleText | undefined } | undefined {
    return this.#clusterIps.has(address) ? { rule: this.#clusterIps.get(address) } : undefined
  }

  /** Returns the rule of an exempt Service for the port; undefined if no such Service has it. */
  healthCheck(port: Tuple): { readonly rule: RuleText | undefined } | undefined {
    return this.#healthChecks.has(port) ? { rule: this.#healthChecks.get(port) } : undefined
  }

  /** Returns whether a rule of an exempt Service masquerades the pod's connections to itself. */
  hasPod(pod: Tuple): boolean {
    return [...this.#services.values()].some(({ pods }) => pods.has(pod))
  }

  /** Returns the rules of the shared chain that exempt chains lead to; undefined if none do. */
  outside(): readonly RuleText[] | undefined {
    const fronts = [...this.#fronts.values()].flatMap(({ chains }) => Object.values(chains))
    const isUsed = fronts.some((chain) => chain?.rules.includes(jump(CHAINS.markOutside)))
    return isUsed ? this.#outside : undefined
  }

  #entriesOf(name: Owner, names: ReadonlySet<Owner>): Entries | undefined {
    if (!names.has(name)) return undefined
    const entries = this.#services.get(name) ?? {
      fronts: new Map(),
      clusterIps: new Map(),
      pods: new Set(),
      healthChecks: new Map(),
    }
    this.#services.set(name, entries)
    return entries
  }

  /** An address that one Service has and another one wants stays with the Service that has it. */
  #gather(): void {
    this.#fronts.clear()
    this.#clusterIps.clear()
    this.#healthChecks.clear()
    for (const { fronts, clusterIps, healthChecks } of this.#services.values()) {
      for (const [key, front] of fronts) {
        if (front !== NO_FRONT || !this.#fronts.has(key)) this.#fronts.set(key, front)
      }
      gatherRules(clusterIps, this.#clusterIps)
      gatherRules(healthChecks, this.#healthChecks)
    }
  }
}

type Rules = Map<Tuple, RuleText | undefined>

function gatherRules(from: Rules, to: Rules): void {
  for (const [key, rule] of from) if (rule !== undefined || !to.has(key)) to.set(key, rule)
}

/** Returns the pods that are masqueraded when they reach themselves. */
function masqueradedPods(tables: Tables): readonly Tuple[] {
  const rules = [...(tables.get('nat')?.chains.values() ?? [])].flat()
  return rules.flatMap((rule) => {
    const [, host = ''] = /^-s (\S+)\/\d+ -d \1\/\d+ -j MASQUERADE/.exec(rule) ?? []
    const address = parseAddress(host)?.value
    return address === undefined ? [] : [tuple(address)]
  })
}

/** Returns the addresses that the chains of a VIP (or node port) lead to. */
function endpointsOf({ chains }: HeldFront): readonly Tuple[] {
  const rules = Object.values(chains).flatMap((chain) => chain.rules)
  return rules.flatMap((rule) => {
    const [, host = ''] = / --to-destination \[?(.*?)\]?:\d+$/.exec(rule) ?? []
    const address = parseAddress(host)?.value
    return address === undefined ? [] : [tuple(address)]
  })
}

function touchedOf(services: readonly Entries[]): Touched {
  const touched = noTouched()
  for (const { fronts, clusterIps, pods, healthChecks } of services) {
    for (const key of fronts.keys()) touched.fronts.add(key)
    for (const key of clusterIps.keys()) touched.clusterIps.add(key)
    for (const key of pods) touched.pods.add(key)
    for (const key of healthChecks.keys()) touched.healthChecks.add(key)
  }
  return touched
}
