import { type Address, type Protocol, parseAddress } from '../../model/address.ts'
import { nodePortKey, vipKey } from '../../model/frontend-id.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { CHAINS, FRONT_CHAINS } from '../../ruleset/iptables/chains.ts'
import { ACCEPT, goto } from '../../ruleset/iptables/rule.ts'
import type { IptablesChains, IptablesTable, RuleText } from '../../ruleset/iptables/types.ts'
import {
  FRONT_ROLES,
  type FrontChain,
  type FrontRole,
  frontChainNames,
  type LoweredFront,
  TABLE_OF_ROLE,
} from './front-chains.ts'

/** What the tables of a family hold by VIP (or node port), address and port, with labels. */
interface Leaves {
  readonly fronts: ReadonlyMap<Tuple, HeldFront>
  readonly clusterIps: ReadonlyMap<Tuple, LabelledRule>
  readonly healthChecks: ReadonlyMap<Tuple, LabelledRule>
}

/** A VIP (or node port) as the tables have it. */
export interface HeldFront extends LoweredFront {
  readonly label: string
  readonly chains: HeldChains
}

type HeldChains = { readonly [role in FrontRole]?: FrontChain }

interface LabelledRule {
  readonly rule: RuleText
  readonly label: string
}

type Tables = ReadonlyMap<IptablesTable, IptablesChains>

/** Reads the rules at the ends of trees back; each has the label of what it is for. */
export function leavesOf(tables: Tables): Leaves {
  const fronts = new Map<Tuple, HeldFront>()
  const clusterIps = new Map<Tuple, LabelledRule>()
  const healthChecks = new Map<Tuple, LabelledRule>()
  for (const { chains } of tables.values()) {
    for (const rule of [...chains.values()].flat()) {
      const leaf = readLeaf(rule)
      if (leaf?.kind === 'cluster-ip') clusterIps.set(leaf.key, { rule, label: leaf.label })
      if (leaf?.kind === 'health-check') healthChecks.set(leaf.key, { rule, label: leaf.label })
      if (leaf?.kind !== 'front') continue
      const { key, label } = leaf
      const front = fronts.get(key) ?? { ...NO_FRONT, label, chains: ownChains(leaf, tables) }
      fronts.set(key, { ...front, [leaf.tree]: rule })
    }
  }
  return { fronts, clusterIps, healthChecks }
}

/** Returns the VIP's (or node port's) own chains. */
function ownChains({ key, label }: Pick<Leaf, 'key' | 'label'>, tables: Tables): HeldChains {
  const chains: { [role in FrontRole]?: FrontChain } = {}
  const names = frontChainNames(key)
  for (const role of FRONT_ROLES) {
    const rules = tables.get(TABLE_OF_ROLE[role])?.chains.get(names[role])
    if (rules !== undefined) chains[role] = { rules, label }
  }
  return chains
}

export const NO_FRONT: LoweredFront = {
  label: undefined,
  dispatch: undefined,
  refusal: undefined,
  source: undefined,
  chains: {},
}

type Leaf =
  | {
      readonly kind: 'cluster-ip' | 'health-check'
      readonly key: Tuple
      readonly label: string
    }
  | {
      readonly kind: 'front'
      readonly tree: 'dispatch' | 'refusal' | 'source'
      readonly key: Tuple
      readonly label: string
    }

const LEAF =
  /^(?:-d (?<address>\S+)\/(?:32|128) )?(?:-p (?<protocol>\S+) -m \S+ --dport (?<port>\d+) )?-m comment --comment "(?<label>(?:[^"\\]|\\.)*)" (?<target>-[jg] \S+)$/

function readLeaf(rule: RuleText): Leaf | undefined {
  const {
    address: listed,
    protocol,
    port,
    label: quoted = '',
    target,
  } = LEAF.exec(rule)?.groups ?? {}
  const label = quoted.replace(/\\(.)/g, '$1')
  const address = listed === undefined ? undefined : parseAddress(listed)?.value
  if (target === undefined) return undefined
  if (port === undefined) {
    const isClusterIp = address !== undefined && target === goto(CHAINS.reject)
    return isClusterIp ? { kind: 'cluster-ip', key: tuple(address), label } : undefined
  }
  const key = keyOf(address, protocol as Protocol, Number(port))
  if (target === ACCEPT) return { kind: 'health-check', key, label }
  return { kind: 'front', tree: treeOf(target), key, label }
}

/** Returns the frontend whose connections a rule of the table nat takes; undefined for others. */
export function dispatchedBy(rule: RuleText): Tuple | undefined {
  // Most rules are others, and this is quicker than the expression.
  if (!rule.includes(goto(FRONT_CHAINS.serve))) return undefined
  const leaf = readLeaf(rule)
  return leaf?.kind === 'front' && leaf.tree === 'dispatch' ? leaf.key : undefined
}

function keyOf(address: Address | undefined, protocol: Protocol, port: number): Tuple {
  return address === undefined ? nodePortKey(protocol, port) : vipKey(address, protocol, port)
}

function treeOf(target: string): 'dispatch' | 'refusal' | 'source' {
  if (target.startsWith(goto(FRONT_CHAINS.serve))) return 'dispatch'
  return target.startsWith(goto(FRONT_CHAINS.allow)) ? 'source' : 'refusal'
}
