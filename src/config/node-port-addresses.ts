import { type Report, said } from '../decode/problem.ts'
import {
  type Address,
  type Cidr,
  familyOf,
  hostCidr,
  type IpFamily,
  parseCidr,
} from '../model/address.ts'
import type { NodePortAddresses, NodeView, Scope } from '../model/node.ts'
import type { Config } from './config.ts'
import type { NodePortAddress } from './kube-proxy-config.ts'
import type { BackendName } from './nodelb-config.ts'

interface NodePortSettings {
  readonly nodePortAddresses: NodePortAddresses
  /** The ranges in 127.0.0.0/8, for the only backend that can serve them: iptables. */
  readonly loopbackNodePorts: readonly Cidr[]
}

interface Serving {
  readonly scope: Scope
  readonly backend: BackendName
}

/**
 * Returns the addresses on which NodePorts are served. They are worked out for each family as
 * kube-proxy does (pkg/proxy/util/nodeport_addresses.go): a family for which no address is listed
 * has all of its addresses. Loopback ranges that cannot be served are reported.
 */
export function nodePortSettings(
  config: Config,
  node: NodeView,
  serving: Serving,
  report: Report,
): NodePortSettings {
  const chosen = chosenAddresses(config)
  const bound = boundAddress(config, chosen, serving, report)
  const ranges = chosen.flatMap((address) => rangesOf(address, node, bound))
  const loopback = loopbackRanges(config, chosen, ranges)
  if (serving.scope === 'all') {
    const served: readonly Cidr[] = serving.backend === 'iptables' ? loopback : []
    const asked = [...ranges.filter(isLoopback), ...loopback]
    noteLoopback(config, new Set(asked.filter((range) => !served.includes(range))), report)
  }
  return {
    nodePortAddresses: addressesOf(chosen, ranges, bound),
    loopbackNodePorts: serving.scope === 'all' ? loopback : [],
  }
}

/**
 * Returns the configured addresses, or else the default of kube-proxy's mode; without a
 * KubeProxyConfiguration, `primary`.
 */
export function chosenAddresses({
  mode,
  nodePortAddresses,
}: Pick<Config, 'mode' | 'nodePortAddresses'>): readonly NodePortAddress[] {
  if (nodePortAddresses.length > 0) return nodePortAddresses
  return mode === 'iptables' || mode === 'ipvs' ? ['all'] : ['primary']
}

/**
 * Returns the address that `primary` means in its family, if bindAddress sets one. A loopback
 * address is not accepted and is reported.
 */
function boundAddress(
  { primaryAddress: address }: Config,
  chosen: readonly NodePortAddress[],
  { scope }: Serving,
  report: Report,
): Address | undefined {
  if (address === undefined || !chosen.includes('primary')) return undefined
  if (!isLoopback(hostCidr(address))) return address
  const effect = 'NodePorts are served on the primary address of the Node'
  if (scope === 'all') report.note('bindAddress', address, 'an address outside loopback', effect)
  return undefined
}

function addressesOf(
  chosen: readonly NodePortAddress[],
  ranges: readonly Cidr[],
  bound: Address | undefined,
): NodePortAddresses {
  if (bound === undefined && chosen.every((address) => address === 'primary'))
    return { kind: 'primary' }
  const wholeFamilies = FAMILIES.filter((family) => isWhole(family, chosen, ranges))
  if (wholeFamilies.length === FAMILIES.length) return { kind: 'all' }
  return {
    kind: 'ranges',
    ranges: [...new Set(ranges)].filter(
      (range) => !isLoopback(range) && !wholeFamilies.includes(familyOf(range)),
    ),
    wholeFamilies,
    ...(chosen.includes('primary') && { primary: true }),
  }
}

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/**
 * Whether all addresses of a family are meant. `primary` stands for both families, even if the node
 * has no address in one.
 */
function isWhole(
  family: IpFamily,
  chosen: readonly NodePortAddress[],
  ranges: readonly Cidr[],
): boolean {
  const mine = ranges.filter((range) => familyOf(range) === family)
  if (mine.length === 0) return !chosen.includes('primary')
  return mine.some((range) => range.endsWith('/0'))
}

function rangesOf(
  address: NodePortAddress,
  node: NodeView,
  bound: Address | undefined,
): readonly Cidr[] {
  switch (address) {
    case 'all':
      return ranges('0.0.0.0/0', '::/0')
    case 'localhost':
      return ranges('127.0.0.0/8', '::1/128')
    case 'primary':
      return FAMILIES.flatMap((family) => {
        const own = bound === undefined ? node.addresses : [bound, ...node.addresses]
        const first = own.find((each) => familyOf(each) === family)
        return first === undefined ? [] : [hostCidr(first)]
      })
    default:
      return [address]
  }
}

function ranges(...texts: readonly string[]): readonly Cidr[] {
  return texts.flatMap((text) => parseCidr(text)?.value ?? [])
}

/** Returns the ranges in 127.0.0.0/8 that kube-proxy would serve; it serves ::1 in no mode. */
function loopbackRanges(
  { localhostNodePorts }: Config,
  chosen: readonly NodePortAddress[],
  ranges: readonly Cidr[],
): readonly Cidr[] {
  if (!localhostNodePorts) return []
  if (isWhole('ipv4', chosen, ranges)) return rangesOfLoopback
  return ranges.filter((range) => isLoopback(range) && familyOf(range) === 'ipv4')
}

const rangesOfLoopback = ranges('127.0.0.0/8')

function isLoopback(range: Cidr): boolean {
  return /^127\./.test(range) || range === '::1/128'
}

/**
 * Reports the loopback ranges that are not served, although kube-proxy served them or they are
 * configured.
 */
function noteLoopback(
  { nodePortAddresses, mode }: Config,
  left: ReadonlySet<Cidr>,
  report: Report,
): void {
  if (left.size === 0) return
  const found =
    nodePortAddresses.length > 0
      ? [...left].join(', ')
      : `nothing, which in mode ${mode} has ${[...left].join(', ')}`
  report.note(
    'nodePortAddresses',
    said(found),
    'addresses outside loopback, or backend: iptables with mode: iptables for 127.0.0.0/8',
    'NodePorts are not served on these addresses; use the ClusterIP, or another address of the node',
  )
}
