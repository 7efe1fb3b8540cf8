import type { Owner } from '../../frontend/label-text.ts'
import type { IpFamily } from '../../model/address.ts'
import { familyOfTable, type TableFamily } from '../../model/family.ts'
import { type FrontendId, frontendAddress } from '../../model/frontend-id.ts'
import type { Situation } from '../../model/node.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { isFrontChain } from '../../ruleset/iptables/chains.ts'
import { changedChains, sameRules } from '../../ruleset/iptables/compare.ts'
import {
  type ChainChange,
  type ChainName,
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesTable,
  type RuleText,
  type TableChange,
} from '../../ruleset/iptables/types.ts'
import { nodeRanges } from '../node-ranges.ts'
import { ExemptServices } from './exempt-services.ts'
import { FamilyWants, type FrontStep } from './family-wants.ts'
import {
  FRONT_ROLES,
  type FrontChain,
  type FrontRole,
  frontChainNames,
  lowerFront,
  TABLE_OF_ROLE,
} from './front-chains.ts'
import { type FrontContext, frontContext, type Surroundings } from './front-context.ts'
import { addressSpace, portSpace, type VipSpace, vipSpace } from './key-space.ts'
import { NO_FRONT } from './leaves.ts'
import { NOTHING_SHARED, type SharedChains, sharedChains } from './shared-chains.ts'
import { clusterIpLeaf, hairpinLeaf, healthCheckLeaf, localPodLeaf } from './shared-leaves.ts'
import { addTouched, noTouched, type Touched } from './touched.ts'
import { makeTrees, TABLE_OF, TREE_NAMES, type TreeName, type Trees } from './trees.ts'

type Tables = ReadonlyMap<IptablesTable, IptablesChains>
type TreeChanges = Readonly<Record<TreeName, Map<Tuple, RuleText | undefined>>>
type Changes = Readonly<Record<IptablesTable, Map<ChainName, ChainChange>>>

/** What is different from before in the chains, and which frontends are. */
export interface Lowered {
  readonly tables: readonly TableChange[]
  readonly fronts: readonly FrontStep[]
}

/** The chains of one family, kept in step with what Services want of them. */
export class FamilyLowering {
  readonly wants: FamilyWants
  readonly surroundings: Surroundings
  readonly #table: TableFamily
  readonly #family: IpFamily
  readonly #context: FrontContext
  readonly #vips: VipSpace
  readonly #trees: Trees
  readonly #fronts: Readonly<Record<FrontRole, Map<ChainName, FrontChain>>> = {
    allow: new Map(),
    every: new Map(),
    serve: new Map(),
  }
  readonly #exempt: ExemptServices = new ExemptServices()
  #shared: SharedChains = NOTHING_SHARED
  #readmitted: Touched = noTouched()

  constructor(table: TableFamily, situation: Situation) {
    const family = familyOfTable(table)
    this.wants = new FamilyWants(table)
    this.surroundings = { settings: situation.settings, ranges: nodeRanges(family, situation) }
    this.#table = table
    this.#family = family
    this.#context = frontContext(family, this.surroundings)
    this.#vips = vipSpace(family)
    this.#trees = makeTrees(family)
  }

  /** Makes the chains again that Services want differently since the last call. */
  takeChanges(): Lowered {
    const { touched, fronts } = this.wants.takeChanges()
    addTouched(touched, this.#readmitted)
    this.#readmitted = noTouched()
    return { tables: this.#relower(touched), fronts }
  }

  /** From now on, what these tables hold of the Services stays as it is. */
  exempt(tables: Tables, names: ReadonlySet<Owner>): readonly TableChange[] {
    return this.#relower(this.#exempt.exempt(tables, names, this.wants))
  }

  /** Makes the next `takeChanges` give the Service the chains that it wants. */
  readmit(name: Owner): void {
    addTouched(this.#readmitted, this.#exempt.readmit(name))
  }

  /** Returns the Services that stay as they are. */
  exemptServices(): Iterable<Owner> {
    return this.#exempt.names()
  }

  /** Returns all chains by table, in an order that reads well. */
  chains(): ReadonlyMap<IptablesTable, IptablesChains> {
    const whole = new Map<IptablesTable, IptablesChains>()
    for (const table of IPTABLES_TABLES) {
      const { chains: shared, jumps } = this.#shared[table]
      const chains = new Map(shared)
      for (const tree of TREE_NAMES.filter((name) => TABLE_OF[name] === table)) {
        for (const [name, rules] of this.#trees[tree].chains()) chains.set(name, rules)
      }
      for (const role of FRONT_ROLES.filter((name) => TABLE_OF_ROLE[name] === table)) {
        const fronts = [...this.#fronts[role]].sort(([a], [b]) => (a < b ? -1 : 1))
        for (const [name, { rules }] of fronts) chains.set(name, rules)
      }
      if (chains.size > 0) whole.set(table, { chains, jumps })
    }
    return whole
  }

  /** Returns the label of the VIP or node port that a chain is for; undefined if it is shared. */
  labelOf(chain: ChainName): string | undefined {
    const role = FRONT_ROLES.find((name) => isFrontChain(name, chain))
    return role && this.#fronts[role].get(chain)?.label
  }

  #relower(touched: Touched): readonly TableChange[] {
    const changed: Changes = { mangle: new Map(), nat: new Map(), filter: new Map() }
    const trees = noTreeChanges()
    this.#lowerClusterIps(touched, trees)
    this.#lowerPods(touched.pods, trees)
    this.#lowerHealthChecks(touched.healthChecks, trees)
    for (const id of touched.fronts) this.#lowerFront(id, trees, changed)
    for (const name of TREE_NAMES) {
      const chains = this.#trees[name].update(trees[name])
      for (const [chain, change] of chains) changed[TABLE_OF[name]].set(chain, change)
    }
    return this.#share(changed)
  }

  #lowerClusterIps({ clusterIps, fronts }: Touched, trees: TreeChanges): void {
    const { digits } = addressSpace(this.#family, '-d')
    for (const address of clusterIps) {
      const label = this.wants.clusterIps.labelOf(address)
      const rule = label === undefined ? undefined : clusterIpLeaf(address, label)
      const exempt = this.#exempt.rule('clusterIps', address, label)
      trees.clusterIps.set(address, exempt ? exempt.rule : rule)
      // All VIPs at this address are masqueraded by whether it is a ClusterIP.
      const vips = this.#trees.vips.keysWith(digits(address))
      for (const vip of vips) fronts.add(this.#vips.key(vip))
    }
  }

  #lowerPods(pods: ReadonlySet<Tuple>, trees: TreeChanges): void {
    for (const pod of pods) {
      const isThere = this.wants.pods.has(pod) || this.#exempt.hasPod(pod)
      trees.hairpin.set(pod, isThere ? hairpinLeaf(pod) : undefined)
      trees.localPods.set(pod, isThere ? localPodLeaf(pod) : undefined)
    }
  }

  #lowerHealthChecks(ports: ReadonlySet<Tuple>, trees: TreeChanges): void {
    for (const port of ports) {
      const label = this.wants.healthChecks.labelOf(port)
      const rule = label === undefined ? undefined : healthCheckLeaf(port, label)
      const exempt = this.#exempt.rule('healthChecks', port, label)
      trees.healthChecks.set(port, exempt ? exempt.rule : rule)
    }
  }

  #lowerFront(id: FrontendId, trees: TreeChanges, changed: Changes): void {
    const { address } = frontendAddress(id)
    const isVip = address !== undefined
    const names = frontChainNames(id)
    const front = this.wants.fronts.get(id)
    const made =
      front &&
      lowerFront(this.#context, front, {
        id,
        names,
        match: (isVip ? this.#vips : portSpace).leaf(id),
        isClusterIp: isVip && this.wants.clusterIps.has(tuple(address)),
      })
    const lowered = this.#exempt.front(id, front?.label) ?? made ?? NO_FRONT
    const note = (tree: TreeName, rule: RuleText | undefined): void => {
      if (rule !== undefined || !this.#trees[tree].isEmpty) trees[tree].set(id, rule)
    }
    note(isVip ? 'vips' : 'nodePorts', lowered.dispatch)
    note(isVip ? 'unservedVips' : 'unservedNodePorts', lowered.refusal)
    if (isVip) note('sources', lowered.source)
    for (const role of FRONT_ROLES) {
      this.#replace(role, names[role], lowered.chains[role], changed[TABLE_OF_ROLE[role]])
    }
  }

  #replace(
    role: FrontRole,
    name: ChainName,
    after: FrontChain | undefined,
    changed: Map<ChainName, ChainChange>,
  ): void {
    const fronts = this.#fronts[role]
    if (after === undefined && fronts.size === 0) return
    const before = fronts.get(name)
    if (after === before) return
    if (after === undefined) fronts.delete(name)
    else fronts.set(name, after)
    if (before && after && sameRules(before.rules, after.rules)) return
    changed.set(name, { before: before?.rules, after: after?.rules })
  }

  /** Makes the chains that exist only once; returns all changes, those in `changed` included. */
  #share(changed: Changes): readonly TableChange[] {
    const before = this.#shared
    this.#shared = sharedChains({
      ...this.surroundings,
      family: this.#family,
      has: (tree) => !this.#trees[tree].isEmpty,
      outside: this.#exempt.outside(),
    })
    return IPTABLES_TABLES.flatMap((table) => {
      const [old, now] = [before[table], this.#shared[table]]
      const chains = new Map(changedChains(old.chains, now.chains))
      for (const [name, change] of changed[table]) chains.set(name, change)
      const jumps = changedChains(old.jumps, now.jumps)
      if (chains.size + jumps.size === 0) return []
      return [{ family: this.#table, table, chains, jumps }]
    })
  }
}

function noTreeChanges(): TreeChanges {
  return {
    sources: new Map(),
    vips: new Map(),
    nodePorts: new Map(),
    hairpin: new Map(),
    unservedVips: new Map(),
    unservedNodePorts: new Map(),
    clusterIps: new Map(),
    localPods: new Map(),
    healthChecks: new Map(),
  }
}
