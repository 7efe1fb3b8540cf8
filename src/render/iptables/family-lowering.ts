import type { Owner } from '../../frontend/label-text.ts'
import type { Address, IpFamily } from '../../model/address.ts'
import { familyOfTable, type TableFamily } from '../../model/family.ts'
import type { Settings } from '../../model/node.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { CHAINS, isFrontChain } from '../../ruleset/iptables/chains.ts'
import { changedChains, sameRules } from '../../ruleset/iptables/compare.ts'
import { ACCEPT, comment, goto, MASQUERADE, onHost, ruleText } from '../../ruleset/iptables/rule.ts'
import {
  type ChainChange,
  type ChainName,
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesTable,
  type RuleText,
  type TableChange,
} from '../../ruleset/iptables/types.ts'
import { type Front, SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { ElementChange } from '../assembly.ts'
import {
  FRONT_ROLES,
  type FrontChain,
  type FrontRole,
  frontChainNames,
  lowerFront,
  TABLE_OF_ROLE,
} from './front-chains.ts'
import { type FrontContext, frontContext } from './front-context.ts'
import { HeldServices } from './held.ts'
import { addressSpace, portSpace, vipSpace } from './key-space.ts'
import { sharedChains } from './shared-chains.ts'
import { AllowedSources } from './sources.ts'
import { addTouched, noTouched, type Touched, touchedBy, touchedByAll } from './touched.ts'
import { makeTrees, TABLE_OF, TREE_NAMES, type TreeName, type Trees } from './trees.ts'

type Tables = ReadonlyMap<IptablesTable, IptablesChains>
type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
type TreeChanges = Readonly<Record<TreeName, Map<Tuple, RuleText | undefined>>>
type Changes = Readonly<Record<IptablesTable, Map<ChainName, ChainChange>>>

/** The chains of one family, kept in step with the elements that they stand for. */
export class FamilyLowering {
  readonly #table: TableFamily
  readonly #family: IpFamily
  readonly #settings: Settings
  readonly #trees: Trees
  readonly #allowed: AllowedSources = new AllowedSources()
  readonly #fronts: Readonly<Record<FrontRole, Map<ChainName, FrontChain>>> = {
    allow: new Map(),
    every: new Map(),
    serve: new Map(),
  }
  readonly #held: HeldServices = new HeldServices()
  #shared: ReadonlyMap<IptablesTable, IptablesChains> = new Map()
  #elements: Elements = new Map()
  #released: Touched = noTouched()

  constructor(table: TableFamily, settings: Settings) {
    this.#table = table
    this.#family = familyOfTable(table)
    this.#settings = settings
    this.#trees = makeTrees(this.#family)
  }

  /** Lowers what changed. `elements` is the present state; without `changes` all of it is new. */
  update(
    elements: Elements,
    changes: readonly ElementChange[] | undefined,
  ): readonly TableChange[] {
    if (changes === undefined) this.#allowed.fill(elements)
    else this.#allowed.follow(changes)
    this.#elements = elements
    const touched = changes === undefined ? touchedByAll(elements) : touchedBy(changes)
    addTouched(touched, this.#released)
    this.#released = noTouched()
    return this.#relower(touched)
  }

  /** From now on, what these tables hold of the Services stays as it is. */
  hold(tables: Tables, names: ReadonlySet<Owner>): readonly TableChange[] {
    return this.#relower(this.#held.hold(tables, names, this.#elements))
  }

  /** Lets the next update lower the Service again. */
  release(name: Owner): void {
    addTouched(this.#released, this.#held.release(name))
  }

  /** Returns the Services that stay as they are. */
  heldServices(): Iterable<Owner> {
    return this.#held.names()
  }

  #relower(touched: Touched): readonly TableChange[] {
    const elements = this.#elements
    const changed: Changes = { mangle: new Map(), nat: new Map(), filter: new Map() }
    const trees = this.#lower(elements, touched, changed)
    for (const name of TREE_NAMES) {
      const chains = this.#trees[name].update(trees[name])
      for (const [chain, change] of chains) changed[TABLE_OF[name]].set(chain, change)
    }
    return this.#share(elements, changed)
  }

  /** Returns all chains by table, in an order that reads well. */
  chains(): ReadonlyMap<IptablesTable, IptablesChains> {
    const whole = new Map<IptablesTable, IptablesChains>()
    for (const table of IPTABLES_TABLES) {
      const shared = this.#shared.get(table)
      const chains = new Map(shared?.chains)
      for (const tree of TREE_NAMES.filter((name) => TABLE_OF[name] === table)) {
        for (const [name, rules] of this.#trees[tree].chains()) chains.set(name, rules)
      }
      for (const role of FRONT_ROLES.filter((name) => TABLE_OF_ROLE[name] === table)) {
        const fronts = this.#fronts[role]
        for (const name of [...fronts.keys()].sort()) {
          chains.set(name, fronts.get(name)?.rules ?? [])
        }
      }
      if (chains.size > 0) whole.set(table, { chains, jumps: shared?.jumps ?? new Map() })
    }
    return whole
  }

  /** Returns the label of the VIP or node port that a chain is for; undefined if it is shared. */
  labelOf(chain: ChainName): string | undefined {
    const role = FRONT_ROLES.find((name) => isFrontChain(name, chain))
    return role && this.#fronts[role].get(chain)?.label
  }

  #lower(elements: Elements, touched: Touched, changed: Changes): TreeChanges {
    const trees = noTreeChanges()
    const vipKeys = vipSpace(this.#family)
    const addresses = addressSpace(this.#family, '-d')
    for (const address of touched.clusterIps) {
      const label = elements.get(SETS.clusterIps)?.get(address)?.comment
      const rule = ruleText(addresses.leaf(address), comment(label ?? ''), goto(CHAINS.reject))
      const held = this.#held.clusterIp(address)
      trees.clusterIps.set(address, held ? held.rule : label === undefined ? undefined : rule)
      // All VIPs at this address are masqueraded by whether it is a ClusterIP.
      const vips = this.#trees.vips.keysWith(addresses.digits(address))
      for (const vip of vips) touched.vips.add(vipKeys.key(vip))
    }
    for (const pod of touched.hairpin) {
      const isThere = elements.get(SETS.hairpin)?.has(tuple(pod, pod)) || this.#held.hasPod(pod)
      const address = pod as string as Address
      const rule = ruleText(onHost('-s', address), onHost('-d', address), MASQUERADE)
      trees.hairpin.set(pod, isThere ? rule : undefined)
      const accept = ruleText(onHost('-d', address), ACCEPT)
      trees.localPods.set(pod, isThere ? accept : undefined)
    }
    for (const port of touched.healthChecks) {
      const label = elements.get(SETS.healthChecks)?.get(port)?.comment
      const rule = ruleText(portSpace.leaf(port), comment(label ?? ''), ACCEPT)
      const held = this.#held.healthCheck(port)
      trees.healthChecks.set(port, held ? held.rule : label === undefined ? undefined : rule)
    }
    this.#lowerFronts('vip', touched.vips, trees, changed)
    this.#lowerFronts('node-port', touched.nodePorts, trees, changed)
    return trees
  }

  #lowerFronts(front: Front, keys: Iterable<Tuple>, trees: TreeChanges, changed: Changes): void {
    const isVip = front === 'vip'
    const space = isVip ? vipSpace(this.#family) : portSpace
    const context = this.#context(front)
    const note = (tree: TreeName, key: Tuple, rule: RuleText | undefined): void => {
      if (rule !== undefined || !this.#trees[tree].isEmpty) trees[tree].set(key, rule)
    }
    for (const key of keys) {
      const names = frontChainNames(key)
      const lowered = this.#held.front(key) ?? lowerFront(context, key, space.leaf(key), names)
      note(isVip ? 'vips' : 'nodePorts', key, lowered.dispatch)
      note(isVip ? 'unservedVips' : 'unservedNodePorts', key, lowered.refusal)
      if (isVip) note('sources', key, lowered.source)
      for (const role of FRONT_ROLES) {
        this.#replace(role, names[role], lowered.chains[role], changed[TABLE_OF_ROLE[role]])
      }
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

  #context(front: Front): FrontContext {
    return frontContext(front, {
      family: this.#family,
      settings: this.#settings,
      elements: this.#elements,
      allowed: (vip) => this.#allowed.of(vip),
    })
  }

  /** Makes the chains that exist only once; returns all changes, those in `changed` included. */
  #share(elements: Elements, changed: Changes): readonly TableChange[] {
    const before = this.#shared
    this.#shared = sharedChains({
      family: this.#family,
      settings: this.#settings,
      elements,
      has: (tree) => !this.#trees[tree].isEmpty,
      outside: this.#held.outside(),
    })
    return IPTABLES_TABLES.flatMap((table) => {
      const old = before.get(table)
      const now = this.#shared.get(table)
      const chains = new Map(changedChains(old?.chains ?? new Map(), now?.chains ?? new Map()))
      for (const [name, change] of changed[table]) chains.set(name, change)
      const jumps = changedChains(old?.jumps ?? new Map(), now?.jumps ?? new Map())
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
