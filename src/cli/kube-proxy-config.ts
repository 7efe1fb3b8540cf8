import { z } from 'zod'
import { type Cidr, familyOf } from '../model/address.ts'
import type { ConntrackSettings } from '../model/conntrack.ts'
import { fields, flag, list, oneOf, parseFields, readCidr, text } from '../watch/fields.ts'
import { joinPath, type Report, said } from '../watch/problem.ts'
import {
  defaultBindAddresses,
  type KubeProxyBindAddresses,
  kubeProxyBindAddresses,
} from './bind-address.ts'
import { conntrackBlock, defaultConntrack } from './conntrack-config.ts'
import {
  defaultProxyIpvs,
  ipvsBlock,
  ipvsSettingsOf,
  type ProxyIpvsSettings,
} from './ipvs-config.ts'
import { checkFields, kubeProxyFields } from './known-fields.ts'

export type ProxyMode = 'nftables' | 'iptables' | 'ipvs'

/** How kube-proxy was told to know local traffic; `default` is no detectLocalMode at all. */
export type DetectLocal =
  | { readonly kind: 'default' }
  | { readonly kind: 'cluster-cidr' }
  | { readonly kind: 'node-cidr' }
  | { readonly kind: 'interface'; readonly name: string }
  | { readonly kind: 'interface-prefix'; readonly prefix: string }

export type NodePortAddress = 'primary' | 'all' | Cidr

/** What a KubeProxyConfiguration says that matters here. */
export interface KubeProxyConfig {
  readonly mode: ProxyMode | undefined
  readonly hostname: string | undefined
  readonly detectLocal: DetectLocal
  readonly clusterRanges: readonly Cidr[]
  /** Empty: the primary addresses. */
  readonly nodePortAddresses: readonly NodePortAddress[]
  readonly masqueradeAll: boolean
  readonly masqueradeBit: number
  readonly conntrack: ConntrackSettings
  readonly bindAddresses: KubeProxyBindAddresses
  /** For the backend of that name. */
  readonly proxyIpvs: ProxyIpvsSettings
  /** Paths of fields that are set in the file and have no meaning here. */
  readonly notUsed: readonly string[]
}

/** kube-proxy's defaults: mark bit 14 is 0x4000. */
export const defaultKubeProxyConfig: KubeProxyConfig = {
  mode: undefined,
  hostname: undefined,
  detectLocal: { kind: 'default' },
  clusterRanges: [],
  nodePortAddresses: [],
  masqueradeAll: false,
  masqueradeBit: 14,
  conntrack: defaultConntrack,
  bindAddresses: defaultBindAddresses,
  proxyIpvs: defaultProxyIpvs,
  notUsed: [],
}

const modes = ['nftables', 'iptables', 'ipvs', ''] as const
const localModes = ['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'] as const

const bit = z.custom<number>(
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 31,
  { error: 'a bit from 0 to 31' },
)

const schema = fields({
  mode: oneOf(modes).nullish(),
  hostnameOverride: text.nullish(),
  clusterCIDR: text.nullish(),
  detectLocalMode: oneOf([...localModes, '']).nullish(),
  detectLocal: fields({
    bridgeInterface: text.nullish(),
    interfaceNamePrefix: text.nullish(),
  }).nullish(),
  nodePortAddresses: list.nullish(),
  nftables: fields({ masqueradeBit: bit.nullish(), masqueradeAll: flag.nullish() }).nullish(),
  conntrack: conntrackBlock.nullish(),
  bindAddress: text.nullish(),
  healthzBindAddress: text.nullish(),
  metricsBindAddress: text.nullish(),
  ipvs: ipvsBlock.nullish(),
})

type KubeProxyFields = z.infer<typeof schema>

/** Undefined when a field is unknown or bad; the report says which. */
export function decodeKubeProxyConfig(json: unknown, report: Report): KubeProxyConfig | undefined {
  const before = report.problems.length
  const notUsed = checkFields(json, kubeProxyFields, '', report)
  const read = parseFields(schema, json, '', report)
  if (read === undefined) return undefined
  const config: KubeProxyConfig = {
    mode: read.mode || undefined,
    hostname: read.hostnameOverride?.trim().toLowerCase() || undefined,
    detectLocal: detectLocalOf(read, report),
    clusterRanges: clusterRangesOf(read.clusterCIDR ?? '', report),
    nodePortAddresses: nodePortAddressesOf(read.nodePortAddresses ?? [], report),
    masqueradeAll: read.nftables?.masqueradeAll ?? false,
    masqueradeBit: read.nftables?.masqueradeBit ?? defaultKubeProxyConfig.masqueradeBit,
    conntrack: read.conntrack ?? defaultConntrack,
    bindAddresses: kubeProxyBindAddresses(read, report),
    proxyIpvs: ipvsSettingsOf(read.ipvs, report),
    notUsed,
  }
  const failed = report.problems.slice(before).some(({ severity }) => severity === 'error')
  return failed ? undefined : config
}

function detectLocalOf(read: KubeProxyFields, report: Report): DetectLocal {
  const bridge = read.detectLocal?.bridgeInterface
  const prefix = read.detectLocal?.interfaceNamePrefix
  switch (read.detectLocalMode) {
    case 'ClusterCIDR':
      return { kind: 'cluster-cidr' }
    case 'NodeCIDR':
      return { kind: 'node-cidr' }
    case 'BridgeInterface':
      return { kind: 'interface', name: interfaceName(bridge, 'bridgeInterface', report) }
    case 'InterfaceNamePrefix':
      return {
        kind: 'interface-prefix',
        prefix: interfaceName(prefix, 'interfaceNamePrefix', report),
      }
    default:
      return { kind: 'default' }
  }
}

/** The kernel's rule for names, less the characters that mean something in nft text. */
function interfaceName(name: string | null | undefined, field: string, report: Report): string {
  if (typeof name === 'string' && /^[\w.:@+-]{1,15}$/.test(name)) return name
  const what = 'a network interface name of 1 to 15 characters'
  report.error(joinPath('detectLocal', field), name, what)
  return ''
}

/** One range, or a comma-separated pair of one per family. */
function clusterRangesOf(clusterCidr: string, report: Report): Cidr[] {
  if (clusterCidr === '') return []
  const ranges = clusterCidr.split(',').map((part) => readCidr(part, 'clusterCIDR', report))
  const good = ranges.filter((range) => range !== undefined)
  if (good.length === ranges.length && new Set(good.map(familyOf)).size !== good.length) {
    report.error('clusterCIDR', clusterCidr, 'one range, or an IPv4 and an IPv6 range')
  }
  return good
}

function nodePortAddressesOf(values: readonly unknown[], report: Report): NodePortAddress[] {
  const addresses = new Set<NodePortAddress>()
  values.forEach((value, i) => {
    const path = joinPath('nodePortAddresses', i)
    const address = nodePortAddress(value, path, report)
    if (address !== undefined) addresses.add(address)
  })
  return [...addresses]
}

function nodePortAddress(
  value: unknown,
  path: string,
  report: Report,
): NodePortAddress | undefined {
  if (value === 'primary' || value === 'all') return value
  if (value === 'localhost') return refuseLoopback(value, path, report)
  if (typeof value !== 'string' || !value.includes('/')) {
    report.error(path, value, '"primary", "all" or an address range such as 192.0.2.0/24')
    return undefined
  }
  const range = readCidr(value, path, report)
  if (range === undefined || !/^(127\.|::1\/128$)/.test(range)) return range
  return refuseLoopback(value, path, report)
}

function refuseLoopback(value: string, path: string, report: Report): undefined {
  report.error(
    path,
    said(JSON.stringify(value)),
    '"primary", "all" or a range of node addresses: nftables cannot serve NodePorts on loopback ' +
      'addresses (127.0.0.1, ::1); use the ClusterIP, or the NodePort on an address of the node',
  )
  return undefined
}
