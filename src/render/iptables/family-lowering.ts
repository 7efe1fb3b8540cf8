import { type Address, hostCidr, type IpFamily } from '../../model/address.ts'
import type { Settings } from '../../model/node.ts'
import {
  type ChainChange,
  type ChainName,
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesTable,
  type RuleText,
  type TableChange,
} from '../../ruleset/iptables.ts'
import { CHAINS } from '../../ruleset/iptables-chains.ts'
import { changedChains, sameRules } from '../../ruleset/iptables-compare.ts'
import { comment, goto, inPrefix, MASQUERADE, ruleText } from '../../ruleset/iptables-rule.ts'
import { type Front, SETS, tuple } from '../../ruleset/sets.ts'
import type { ElementValue, TableFamily, Tuple } from '../../ruleset/types.ts'
import type { ElementChange } from '../assembly.ts'
import { type FrontChain, type FrontContext, frontChainNames, lowerFront } from './front-chains.ts'
import { HeldServices } from './held.ts'
import { addressSpace, portSpace, vipSpace } from './key-space.ts'
import { sharedChains } from './shared-chains.ts'
import { AllowedSources } from './sources.ts'
import { stickySeconds } from './sticky.ts'
import { noTouched, type Touched, touchedBy, touchedByAll, touchedByBoth } from './touched.ts'
import { makeTrees, TABLE_OF, TREE_NAMES, type TreeName, type Trees } from './trees.ts'

type Tables = ReadonlyMap<IptablesTable, IptablesChains>
type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
type TreeChanges = Readonly<Record<TreeName, Map<string, RuleText | undefined>>>
type Changes = Readonly<Record<IptablesTable, Map<ChainName, ChainChange>>>

/** The chains of one family, kept in step with the elements that they stand for. */
export class FamilyLowering {
  readonly #table: TableFamily
  readonly #family: IpFamily
  readonly #settings: Settings
  readonly #trees: Trees
  readonly #allowed: AllowedSources = new AllowedSources()
  readonly #fronts: Map<ChainName, FrontChain & { readonly label: string | undefined }> = new Map()
  readonly #held: HeldServices = new HeldServices()
  #shared: ReadonlyMap<IptablesTable, IptablesChains> = new Map()
  #elements: Elements = new Map()
  #released: Touched = noTouched()

  constructor(table: TableFamily, settings: Settings) {
    this.#table = table
    this.#family = table === 'ip' ? 'ipv4' : 'ipv6'
    this.#settings = settings
    this.#trees = makeTrees(this.#family)
  }

  /** `elements` are those of now; without `changes` all of them are new. */
  update(
    elements: Elements,
    changes: readonly ElementChange[] | undefined,
  ): readonly TableChange[] {
    if (changes === undefined) this.#allowed.fill(elements)
    else this.#allowed.follow(changes)
    this.#elements = elements
    const touched = changes === undefined ? touchedByAll(elements) : touchedBy(changes)
    const released = this.#released
    this.#released = noTouched()
    return this.#relower(touchedByBoth(touched, released))
  }

  /** From now on what these tables have of the Services stays. */
  hold(tables: Tables, names: ReadonlySet<string>): readonly TableChange[] {
    return this.#relower(this.#held.hold(tables, names, this.#elements))
  }

  /** The next update lowers the Service again. */
  release(name: string): void {
    this.#released = touchedByBoth(this.#released, this.#held.release(name))
  }

  heldServices(): Iterable<string> {
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

  /** All chains by table, in the order in which one reads them. */
  chains(): ReadonlyMap<IptablesTable, IptablesChains> {
    const whole = new Map<IptablesTable, IptablesChains>()
    for (const table of IPTABLES_TABLES) {
      const shared = this.#shared.get(table)
      const chains = new Map([
        ...(shared?.chains ?? []),
        ...TREE_NAMES.filter((name) => TABLE_OF[name] === table).flatMap((name) => [
          ...this.#trees[name].chains(),
        ]),
        ...[...this.#fronts]
          .filter(([, front]) => front.table === table)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, { rules }]) => [name, rules] as const),
      ])
      if (chains.size > 0) whole.set(table, { chains, jumps: shared?.jumps ?? new Map() })
    }
    return whole
  }

  /** The label of the VIP or node port that a chain is for. */
  labelOf(chain: ChainName): string | undefined {
    return this.#fronts.get(chain)?.label
  }

  #lower(elements: Elements, touched: Touched, changed: Changes): TreeChanges {
    const trees = noTreeChanges()
    const context = this.#context(elements)
    for (const address of touched.clusterIps) {
      const label = elements.get(SETS.clusterIps)?.get(address)?.comment
      const rule = ruleText(this.#host('-d', address), comment(label ?? ''), goto(CHAINS.reject))
      const held = this.#held.clusterIp(address)
      trees.clusterIps.set(address, held ? held.rule : label === undefined ? undefined : rule)
      // The address decides on masquerading for whoever else has a port of it.
      const digits = addressSpace(this.#family, '-d').digits(address)
      const vips = this.#trees.vips.keysWith(digits)
      for (const vip of vips) touched.vips.add(vipSpace(this.#family).key(vip))
    }
    for (const pod of touched.hairpin) {
      const isThere = elements.get(SETS.hairpin)?.has(tuple(pod, pod)) || this.#held.hasPod(pod)
      const rule = ruleText(this.#host('-s', pod), this.#host('-d', pod), MASQUERADE)
      trees.hairpin.set(pod, isThere ? rule : undefined)
    }
    for (const key of touched.vips) this.#lowerFront(context, 'vip', key, trees, changed)
    for (const key of touched.nodePorts) this.#lowerFront(context, 'node-port', key, trees, changed)
    return trees
  }

  #lowerFront(
    context: FrontContext,
    front: Front,
    key: Tuple,
    trees: TreeChanges,
    changed: Changes,
  ): void {
    const space = front === 'vip' ? vipSpace(this.#family) : portSpace
    const lowered =
      this.#held.front(key) ?? lowerFront(context, front, key, space.match(space.digits(key)))
    const isVip = front === 'vip'
    trees[isVip ? 'vips' : 'nodePorts'].set(key, lowered.dispatch)
    trees[isVip ? 'unservedVips' : 'unservedNodePorts'].set(key, lowered.refusal)
    if (isVip) trees.sources.set(key, lowered.source)
    for (const name of Object.values(frontChainNames(key))) {
      const before = this.#fronts.get(name)
      const after = lowered.chains.get(name)
      if (after === undefined) this.#fronts.delete(name)
      else this.#fronts.set(name, { ...after, label: lowered.label })
      const table = (after ?? before)?.table
      if (table === undefined || (before && after && sameRules(before.rules, after.rules))) continue
      changed[table].set(name, { before: before?.rules, after: after?.rules })
    }
  }

  #context(elements: Elements): FrontContext {
    return {
      family: this.#family,
      settings: this.#settings,
      elements,
      allowed: (vip) => this.#allowed.of(vip),
      stickySeconds: stickySeconds(elements),
    }
  }

  #host(flag: '-s' | '-d', address: Tuple): string {
    return inPrefix(flag, hostCidr(address as string as Address))
  }

  /** The chains that are there once, and what of them changed too. */
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
      const chains = new Map([
        ...changedChains(old?.chains ?? new Map(), now?.chains ?? new Map()),
        ...changed[table],
      ])
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
  }
}
