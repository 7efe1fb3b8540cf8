import * as z from 'zod'
import {
  fields,
  flag,
  list,
  oneOf,
  parseFields,
  readCidr,
  text,
  valueAt,
} from '../decode/fields.ts'
import { joinPath, type Report } from '../decode/problem.ts'
import { type Address, type Cidr, familyOf } from '../model/address.ts'
import type { ConntrackSettings } from '../model/conntrack.ts'
import {
  defaultBindAddresses,
  type KubeProxyBindAddresses,
  kubeProxyBindAddresses,
  primaryAddressOf,
} from './bind-address.ts'
import { conntrackBlock, defaultConntrack } from './conntrack-config.ts'
import { milliseconds } from './duration.ts'
import {
  defaultProxyIpvs,
  ipvsBlock,
  ipvsSettingsOf,
  type ProxyIpvsSettings,
} from './ipvs-config.ts'
import { checkFields, kubeProxyFields } from './known-fields.ts'
import { type ProxyMode, proxyModeOf, proxyModes } from './proxy-mode.ts'

/** How kube-proxy recognises local traffic; `default` if detectLocalMode is not set. */
type DetectLocal =
  | { readonly kind: 'default' }
  | { readonly kind: 'cluster-cidr' }
  | { readonly kind: 'node-cidr' }
  | { readonly kind: 'interface'; readonly name: string }
  | { readonly kind: 'interface-prefix'; readonly prefix: string }

export type NodePortAddress = 'primary' | 'all' | 'localhost' | Cidr

/** The part of a KubeProxyConfiguration that nodelb uses. */
export interface KubeProxyConfig {
  /** The mode: iptables if the file names none, undefined if there is no such file. */
  readonly mode: ProxyMode | undefined
  readonly hostname: string | undefined
  readonly detectLocal: DetectLocal
  readonly clusterRanges: readonly Cidr[]
  /** The addresses for NodePorts; if empty, the default of the mode applies. */
  readonly nodePortAddresses: readonly NodePortAddress[]
  /**
   * The address in `bindAddress`, if any: in its family `primary` means this one instead of the
   * Node's.
   */
  readonly primaryAddress: Address | undefined
  /**
   * Whether kube-proxy would serve NodePorts on 127.0.0.0/8, as far as `nodePortAddresses` includes
   * it.
   */
  readonly localhostNodePorts: boolean
  readonly masqueradeAll: boolean
  readonly masqueradeBit: number
  /** minSyncPeriod in milliseconds; if undefined, it is not set. */
  readonly proxyMinSyncPeriod: number | undefined
  readonly conntrack: ConntrackSettings
  readonly bindAddresses: KubeProxyBindAddresses
  /** The settings for the ipvs backend. */
  readonly proxyIpvs: ProxyIpvsSettings
  /** The paths of fields that are set in the file and have no effect here. */
  readonly notUsed: readonly string[]
}

/** The defaults of kube-proxy; mark bit 14 is 0x4000. */
export const defaultKubeProxyConfig: KubeProxyConfig = {
  mode: undefined,
  hostname: undefined,
  detectLocal: { kind: 'default' },
  clusterRanges: [],
  nodePortAddresses: [],
  primaryAddress: undefined,
  localhostNodePorts: false,
  masqueradeAll: false,
  masqueradeBit: 14,
  proxyMinSyncPeriod: undefined,
  conntrack: defaultConntrack,
  bindAddresses: defaultBindAddresses,
  proxyIpvs: defaultProxyIpvs,
  notUsed: [],
}

/** The mode of openshift-sdn's kube-proxy, which adds idling; otherwise it is mode iptables. */
const IDLING = 'unidling+iptables'
const LONGEST_MS = 86_400_000
const localModes = ['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'] as const

const bit = z.custom<number>(
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 31,
  { error: 'a bit from 0 to 31' },
)

/**
 * The fields that every mode's section has with the same names; kube-proxy reads one section, by
 * its mode.
 */
const section = {
  masqueradeBit: bit.nullish(),
  masqueradeAll: flag.nullish(),
  minSyncPeriod: milliseconds(0, LONGEST_MS).nullish(),
}

const schema = fields({
  mode: oneOf([...proxyModes, IDLING]).nullish(),
  hostnameOverride: text.nullish(),
  clusterCIDR: text.nullish(),
  detectLocalMode: oneOf([...localModes, '']).nullish(),
  detectLocal: fields({
    bridgeInterface: text.nullish(),
    interfaceNamePrefix: text.nullish(),
  }).nullish(),
  nodePortAddresses: list.nullish(),
  nftables: fields(section).nullish(),
  iptables: fields({ ...section, localhostNodePorts: flag.nullish() }).nullish(),
  conntrack: conntrackBlock.nullish(),
  bindAddress: text.nullish(),
  healthzBindAddress: text.nullish(),
  metricsBindAddress: text.nullish(),
  ipvs: ipvsBlock.nullish(),
})

type KubeProxyFields = z.infer<typeof schema>

/**
 * Decodes a KubeProxyConfiguration. Returns undefined if a field is unknown or bad, which is
 * reported.
 */
export function decodeKubeProxyConfig(json: unknown, report: Report): KubeProxyConfig | undefined {
  const before = report.problems.length
  const mode = proxyModeOf(valueAt(json, ['mode']))
  const notUsed = checkFields(json, '', { known: kubeProxyFields, mode }, report)
  const read = parseFields(schema, json, '', report)
  if (read === undefined) return undefined
  if (read.mode === IDLING) report.note('mode', IDLING, 'iptables', WITHOUT_IDLING)
  const marks = mode === 'nftables' ? read.nftables : read.iptables
  const config: KubeProxyConfig = {
    mode,
    hostname: read.hostnameOverride?.trim().toLowerCase() || undefined,
    detectLocal: detectLocalOf(read, report),
    clusterRanges: clusterRangesOf(read.clusterCIDR ?? '', report),
    nodePortAddresses: nodePortAddressesOf(read.nodePortAddresses ?? [], report),
    primaryAddress: primaryAddressOf(read.bindAddress, report),
    localhostNodePorts: mode === 'iptables' && (read.iptables?.localhostNodePorts ?? true),
    masqueradeAll: marks?.masqueradeAll ?? false,
    masqueradeBit: marks?.masqueradeBit ?? defaultKubeProxyConfig.masqueradeBit,
    proxyMinSyncPeriod: read[mode]?.minSyncPeriod || undefined,
    conntrack: read.conntrack ?? defaultConntrack,
    bindAddresses: kubeProxyBindAddresses(read, report),
    proxyIpvs: ipvsSettingsOf(read.ipvs, report),
    notUsed,
  }
  const failed = report.problems.slice(before).some(({ severity }) => severity === 'error')
  return failed ? undefined : config
}

const WITHOUT_IDLING = 'it is read as iptables; a connection to an idled Service does not wake it'

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

/**
 * Checks a name by the kernel's rule, without the characters that have a meaning in nft text.
 * Returns an empty text for a bad name, which is reported.
 */
function interfaceName(name: string | null | undefined, field: string, report: Report): string {
  if (typeof name === 'string' && /^[\w.:@+-]{1,15}$/.test(name)) return name
  const what = 'a network interface name of 1 to 15 characters'
  report.error(joinPath('detectLocal', field), name, what)
  return ''
}

/** Reads one range, or a comma-separated pair with one range per family. */
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
  if (value === 'primary' || value === 'all' || value === 'localhost') return value
  if (typeof value === 'string' && value.includes('/')) return readCidr(value, path, report)
  report.error(path, value, KEYWORDS)
  return undefined
}

const KEYWORDS = '"primary", "all", "localhost" or an address range such as 192.0.2.0/24'
