import {
  type Address,
  type Cidr,
  familyOf,
  hostCidr,
  type IpFamily,
  parseAddress,
  parseCidr,
} from '../../model/address.ts'
import { type NodeView, primaryAddresses, type Settings, type Situation } from '../../model/node.ts'
import { CHAINS, isFrontChain } from '../../ruleset/iptables/chains.ts'
import type { ChainName, IptablesRuleset, RuleText } from '../../ruleset/iptables/types.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { KernelRuleset } from '../../ruleset/nftables/types.ts'

/**
 * A Node object may lose its addresses or its pod ranges for a while: when a cloud provider
 * restarts, or when a Node is made again before the controller writes its podCIDRs. The kernel
 * still holds what was programmed from them, and that stays until the object names others (ADR
 * 0010).
 */

/** What the kernel holds about the node itself. */
export interface HeldNode {
  /** Addresses that the Node object named, in no order. */
  readonly addresses: readonly Cidr[]
  /** Ranges in which NodePorts are served. */
  readonly nodePorts: readonly Cidr[]
  /** Ranges whose traffic counts as that of pods. */
  readonly pods: readonly Cidr[]
}

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Returns the situation, with what is held for each family in which the Node object has none. */
export function recall<Known extends Situation>(known: Known, held: HeldNode): Known {
  const { node, settings } = known
  const isLacking = (range: Cidr): boolean => lacksAddress(node, familyOf(range))
  const addresses = held.addresses.filter(isLacking)
  const nodePorts = held.nodePorts.filter(isLacking)
  const pods = held.pods.filter((range) => lacksPods(settings, familyOf(range)))
  if (addresses.length + nodePorts.length + pods.length === 0) return known
  return {
    ...known,
    node: withAddresses(node, [...primaryOf(settings, nodePorts), ...addresses]),
    settings: withPods(withNodePorts(settings, nodePorts), pods),
  }
}

/** Returns a sentence for each thing that `recall` took from the kernel. */
export function recalled(asked: Situation, used: Situation): readonly string[] {
  const { name } = asked.node
  const until = 'until the Node names another'
  return FAMILIES.flatMap((family) => {
    const version = family === 'ipv4' ? 'IPv4' : 'IPv6'
    const ports = lacksAddress(asked.node, family)
      ? added(nodePortsOf(asked), nodePortsOf(used), family)
      : []
    const pods = lacksPods(asked.settings, family) ? added(podsOf(asked), podsOf(used), family) : []
    return [
      ...ports.map(
        (it) => `Node ${name} has no ${version} address: NodePorts stay on ${it} ${until}`,
      ),
      ...pods.map((it) => `Node ${name} has no ${version} podCIDR: pods stay ${it} ${until}`),
    ]
  })
}

/** Returns what the tables of nftables hold about the node. */
export function heldInTables(tables: KernelRuleset): HeldNode {
  const keys = (set: string): readonly Cidr[] =>
    [tables.ip, tables.ip6].flatMap((table) =>
      [...(table?.elements.get(set)?.keys() ?? [])].flatMap(readRange),
    )
  return {
    addresses: keys(SETS.nodeAddresses),
    nodePorts: keys(SETS.nodePortAddresses),
    pods: keys(SETS.podRanges),
  }
}

/** Returns what the chains of iptables hold about the node. */
export function heldInChains(ruleset: IptablesRuleset): HeldNode {
  const tables = [ruleset.ip, ruleset.ip6].flatMap((each) => [...(each?.values() ?? [])])
  const rules = (isMeant: (chain: ChainName) => boolean): readonly RuleText[] =>
    tables.flatMap(({ chains }) =>
      [...chains].flatMap(([name, held]) => (isMeant(name) ? held : [])),
    )
  const ranges = (from: readonly RuleText[], rule: RegExp): readonly Cidr[] =>
    [...new Set(from.map((text) => rule.exec(text)?.[1]))].flatMap(readRange)
  const dispatch = rules((chain) => chain === CHAINS.dispatch)
  const serving = rules((chain) => isFrontChain('serve', chain))
  return {
    addresses: [...ranges(dispatch, /^-d (\S+) -g /), ...ranges(serving, /^-s (\S+) -j MARK /)],
    nodePorts: ranges(dispatch, /^-d (\S+) /),
    pods: ranges(
      rules((chain) => chain === CHAINS.markOutside),
      /^-s (\S+) /,
    ),
  }
}

/** Returns whether `recall` could find something to add. */
export function mayRecall({ node, settings }: Situation): boolean {
  return FAMILIES.some((family) => lacksAddress(node, family) || lacksPods(settings, family))
}

/** Reads an address or a prefix; a Node's own ranges are never anything else. */
function readRange(text: string | undefined): readonly Cidr[] {
  if (text === undefined) return []
  const address = parseAddress(text)
  const range = address === undefined ? parseCidr(text)?.value : hostCidr(address.value)
  return range === undefined ? [] : [range]
}

function lacksAddress(node: NodeView, family: IpFamily): boolean {
  return !node.addresses.some((address) => familyOf(address) === family)
}

function lacksPods({ localTraffic }: Settings, family: IpFamily): boolean {
  return (
    localTraffic.kind === 'ranges' &&
    localTraffic.ofNode === true &&
    !localTraffic.ranges.some((range) => familyOf(range) === family)
  )
}

function withAddresses(node: NodeView, held: readonly Cidr[]): NodeView {
  const addresses = held.filter(isHost).map((range) => range.slice(0, range.indexOf('/')))
  return { ...node, addresses: [...node.addresses, ...new Set(addresses as Address[])] }
}

/** The first address of a family is primary, so these come first. */
function primaryOf({ nodePortAddresses }: Settings, held: readonly Cidr[]): readonly Cidr[] {
  return nodePortAddresses.kind === 'primary' ? held : []
}

function withNodePorts(settings: Settings, held: readonly Cidr[]): Settings {
  const { nodePortAddresses: chosen } = settings
  if (chosen.kind !== 'ranges' || chosen.primary !== true) return settings
  const ranges = [...new Set([...chosen.ranges, ...held])]
  return { ...settings, nodePortAddresses: { ...chosen, ranges } }
}

function withPods(settings: Settings, held: readonly Cidr[]): Settings {
  const { localTraffic } = settings
  if (localTraffic.kind !== 'ranges') return settings
  const ranges = [...localTraffic.ranges, ...held]
  return { ...settings, localTraffic: { ...localTraffic, ranges } }
}

function isHost(range: Cidr): boolean {
  return range.endsWith(familyOf(range) === 'ipv4' ? '/32' : '/128')
}

function nodePortsOf({ node, settings }: Situation): readonly string[] {
  const { nodePortAddresses: chosen } = settings
  if (chosen.kind === 'ranges') return chosen.ranges
  return chosen.kind === 'primary' ? primaryAddresses(node) : []
}

function podsOf({ settings }: Situation): readonly string[] {
  return settings.localTraffic.kind === 'ranges' ? settings.localTraffic.ranges : []
}

function added(
  before: readonly string[],
  after: readonly string[],
  family: IpFamily,
): readonly string[] {
  return after.filter((each) => familyOf(each as Cidr) === family && !before.includes(each))
}
