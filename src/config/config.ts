import * as z from 'zod'
import { readDocuments } from '../decode/documents.ts'
import {
  fields,
  flag,
  list,
  nameOf,
  oneOf,
  parseFields,
  port,
  readCidrs,
  text,
  valueAt,
} from '../decode/fields.ts'
import {
  joinPath,
  orList,
  type Problem,
  type Report,
  said,
  report as startReport,
} from '../decode/problem.ts'
import type { Cidr, Port } from '../model/address.ts'
import { type IptablesSettings, iptablesFlavours } from '../model/iptables.ts'
import { defaultIpvsSettings } from '../model/ipvs.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { ExternalIpRules, Scope, Settings } from '../model/node.ts'
import type { TcpFlows } from '../plan/flows/stale.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import { AFFINITY_CLIENTS } from '../ruleset/nftables/sets.ts'
import { type OwnBindAddresses, ownBindAddresses } from './bind-address.ts'
import { milliseconds } from './duration.ts'
import { checkFields, nodelbFields } from './known-fields.ts'
import {
  decodeKubeProxyConfig,
  defaultKubeProxyConfig,
  type KubeProxyConfig,
} from './kube-proxy-config.ts'
import { count, limitsOf, limitsSchema } from './limits-config.ts'

export type Backend = 'nftables' | 'ipvs' | 'iptables'
/** As configured: `auto` is nftables where the kernel has it, else iptables. */
export type BackendName = Backend | 'auto'

/** What a NodelbConfiguration says. */
interface NodelbConfig {
  readonly scope: Scope
  readonly backend: BackendName
  readonly target: Settings['target']
  readonly serviceRanges: readonly Cidr[]
  readonly externalIps: ExternalIpRules
  /** Ports of the node's own programs, beside those of nodelb. */
  readonly protectedPorts: readonly Port[]
  readonly tcpFlows: TcpFlows
  /** Whether segments outside the window are translated all the same; undefined: as the scope has it. */
  readonly tcpBeLiberal: boolean | undefined
  readonly ownership: Ownership
  /** Milliseconds from the start of one commit of the agent to the next. */
  readonly minSyncPeriod: number
  /** Milliseconds between two full comparisons of the agent. */
  readonly comparePeriod: number
  /** The dummy interface of the ipvs backend. */
  readonly ipvsInterface: string
  readonly iptablesFlavour: IptablesSettings['flavour']
  readonly ownBindAddresses: OwnBindAddresses
  /** How many clients a Service with session affinity has room for in the kernel's memory. */
  readonly affinityClients: number
  readonly limits: Limits
}

/** Everything the operator chose, before it meets a node. */
export interface Config extends KubeProxyConfig, NodelbConfig {
  /** Names the file in problems found later. */
  readonly source: string
}

type ReadConfig =
  | { readonly kind: 'config'; readonly config: Config; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const defaultNodelbConfig: NodelbConfig = {
  scope: 'load-balancer',
  backend: 'auto',
  target: 'pods',
  serviceRanges: [],
  externalIps: { allow: undefined, nodeAddresses: true },
  // The API server, the kubelet, etcd's clients and its peers.
  protectedPorts: [6443, 10250, 2379, 2380] as Port[],
  tcpFlows: 'keep',
  tcpBeLiberal: undefined,
  ownership: 'kernel',
  minSyncPeriod: 100,
  comparePeriod: 600_000,
  ipvsInterface: defaultIpvsSettings.interface,
  iptablesFlavour: 'auto',
  ownBindAddresses: { healthz: undefined, metrics: undefined },
  affinityClients: AFFINITY_CLIENTS,
  limits: defaultLimits,
}

/** What holds where there is no configuration file. */
export const defaultConfig: Config = {
  source: 'defaults',
  ...defaultKubeProxyConfig,
  ...defaultNodelbConfig,
}

const kubeProxyType = 'kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration'
const nodelbType = 'nodelb.io/v1alpha1 NodelbConfiguration'
const configMapType = 'v1 ConfigMap'

const INTERFACE_NAME = 'a network interface name of 1 to 15 characters'

/** The kernel's rule for names, less what means something to a shell or to ip(8). */
const interfaceName = z
  .string({ error: INTERFACE_NAME })
  .regex(/^[a-zA-Z][\w.-]{0,14}$/, { error: INTERFACE_NAME })

const nodelbSchema = fields({
  scope: oneOf(['load-balancer', 'all']).nullish(),
  backend: text.nullish(),
  target: oneOf(['pods', 'cluster-ip']).nullish(),
  serviceCIDRs: list.nullish(),
  conntrack: fields({
    tcp: oneOf(['keep', 'reset']).nullish(),
    tcpBeLiberal: flag.nullish(),
  }).nullish(),
  externalIPs: fields({ allow: list.nullish(), nodeAddresses: flag.nullish() }).nullish(),
  protectedPorts: z.array(port, { error: 'a list of ports' }).nullish(),
  ownership: oneOf(['kernel', 'none']).nullish(),
  minSyncPeriod: milliseconds(0, 60_000).nullish(),
  comparePeriod: milliseconds(1_000, 86_400_000).nullish(),
  ipvs: fields({ interface: interfaceName.nullish() }).nullish(),
  iptables: fields({ flavour: oneOf(iptablesFlavours).nullish() }).nullish(),
  healthzBindAddress: text.nullish(),
  metricsBindAddress: text.nullish(),
  sessionAffinity: fields({ clients: count.nullish() }).nullish(),
  limits: limitsSchema,
})

/** What the document itself says; the KubeProxyConfiguration may say the rest. */
type NodelbFields = Omit<NodelbConfig, 'minSyncPeriod'> & {
  readonly minSyncPeriod: number | undefined
}

/** The documents found so far; at most one of each. */
interface Found {
  kubeProxy: KubeProxyConfig | undefined
  nodelb: NodelbFields | undefined
  readonly types: Set<string>
  readonly problems: Problem[]
}

/** Reads kube-proxy's and our own configuration, bare or in kube-proxy's ConfigMap. */
export function readConfig(text: string, source: string): ReadConfig {
  const found: Found = { kubeProxy: undefined, nodelb: undefined, types: new Set(), problems: [] }
  readText(text, source, true, found)
  const { problems } = found
  if (problems.some(({ severity }) => severity === 'error')) return { kind: 'invalid', problems }
  const kubeProxy = found.kubeProxy ?? defaultKubeProxyConfig
  const config: Config = {
    source,
    ...kubeProxy,
    ...(found.nodelb ?? defaultNodelbConfig),
    minSyncPeriod:
      found.nodelb?.minSyncPeriod ??
      kubeProxy.proxyMinSyncPeriod ??
      defaultNodelbConfig.minSyncPeriod,
  }
  return { kind: 'config', config, problems }
}

const BACKENDS: readonly BackendName[] = ['auto', 'nftables', 'ipvs', 'iptables']

/** Undefined after saying that there is no such backend. */
export function readBackend(value: unknown, path: string, report: Report): BackendName | undefined {
  const name = BACKENDS.find((each) => each === value)
  if (name !== undefined) return name
  report.error(path, value, orList(BACKENDS))
  return undefined
}

function readText(text: string, source: string, configMaps: boolean, found: Found): void {
  const documents = readDocuments(text, source)
  found.problems.push(...documents.problems)
  const types = configMaps
    ? [kubeProxyType, nodelbType, configMapType]
    : [kubeProxyType, nodelbType]
  if (documents.values.length === 0 && documents.problems.length === 0) {
    const report = startReport(source)
    report.error('', said('no document'), orList(types))
    found.problems.push(...report.problems)
  }
  for (const value of documents.values) readDocument(value, source, types, found)
}

function readDocument(
  value: unknown,
  source: string,
  types: readonly string[],
  found: Found,
): void {
  const kind = valueAt(value, ['kind'])
  const apiVersion = valueAt(value, ['apiVersion'])
  const type =
    typeof apiVersion === 'string' && typeof kind === 'string' ? `${apiVersion} ${kind}` : kind
  if (typeof kind !== 'string' || typeof type !== 'string' || !types.includes(type)) {
    const report = startReport(source)
    report.error('', wrongDocument(value, type), orList(types))
    found.problems.push(...report.problems)
  } else if (type === configMapType) {
    readConfigMap(value, source, found)
  } else {
    readTyped(value, type, startReport(source, kind), found)
  }
}

function wrongDocument(value: unknown, type: unknown): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) return value
  const kind = typeof type === 'string' ? `of kind ${type.slice(0, 80)}` : 'without a kind'
  return said(`a document ${kind}`)
}

function readTyped(value: unknown, type: string, report: Report, found: Found): void {
  if (found.types.has(type)) report.error('', said('a second document of this kind'), 'one')
  else if (type === kubeProxyType) found.kubeProxy = decodeKubeProxyConfig(value, report)
  else found.nodelb = decodeNodelbConfig(value, report)
  found.types.add(type)
  found.problems.push(...report.problems)
}

/** Where kubeadm and the cluster-network-operator of OpenShift put the file of kube-proxy. */
const CONFIG_MAP_KEYS = ['config.conf', 'kube-proxy-config.yaml'] as const

function readConfigMap(value: unknown, source: string, found: Found): void {
  const isThere = (key: string) => valueAt(value, ['data', key]) !== undefined
  const key = CONFIG_MAP_KEYS.find(isThere) ?? CONFIG_MAP_KEYS[0]
  const text = valueAt(value, ['data', key])
  const name = nameOf(value, true)
  const path = joinPath('data', key)
  if (typeof text === 'string') {
    readText(text, `${source}: ConfigMap ${name}: ${path}`, false, found)
    return
  }
  const report = startReport(source, 'ConfigMap', name)
  report.error(path, text, 'the text of a KubeProxyConfiguration')
  found.problems.push(...report.problems)
}

function decodeNodelbConfig(json: unknown, report: Report): NodelbFields | undefined {
  checkFields(json, nodelbFields, '', report)
  const read: z.infer<typeof nodelbSchema> | undefined = parseFields(nodelbSchema, json, '', report)
  if (read === undefined) return undefined
  const backend = readBackend(read.backend ?? defaultNodelbConfig.backend, 'backend', report)
  if (backend === undefined) return undefined
  return {
    scope: read.scope ?? defaultNodelbConfig.scope,
    backend,
    target: read.target ?? defaultNodelbConfig.target,
    serviceRanges: readCidrs(read.serviceCIDRs ?? [], 'serviceCIDRs', report),
    externalIps: externalIpsOf(read.externalIPs ?? {}, report),
    protectedPorts: read.protectedPorts ?? defaultNodelbConfig.protectedPorts,
    tcpFlows: read.conntrack?.tcp ?? defaultNodelbConfig.tcpFlows,
    tcpBeLiberal: read.conntrack?.tcpBeLiberal ?? undefined,
    ownership: read.ownership ?? defaultNodelbConfig.ownership,
    minSyncPeriod: read.minSyncPeriod ?? undefined,
    comparePeriod: read.comparePeriod ?? defaultNodelbConfig.comparePeriod,
    ipvsInterface: read.ipvs?.interface ?? defaultNodelbConfig.ipvsInterface,
    iptablesFlavour: read.iptables?.flavour ?? defaultNodelbConfig.iptablesFlavour,
    ownBindAddresses: ownBindAddresses(read, report),
    affinityClients: read.sessionAffinity?.clients ?? defaultNodelbConfig.affinityClients,
    limits: limitsOf(read.limits),
  }
}

/** An empty list allows no address; without a list each is allowed. */
function externalIpsOf(
  { allow, nodeAddresses }: NonNullable<z.infer<typeof nodelbSchema>['externalIPs']>,
  report: Report,
): ExternalIpRules {
  return {
    allow: allow ? readCidrs(allow, 'externalIPs.allow', report) : undefined,
    nodeAddresses: nodeAddresses ?? defaultNodelbConfig.externalIps.nodeAddresses,
  }
}
