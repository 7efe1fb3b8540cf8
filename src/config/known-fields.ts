import { valueAt } from '../decode/fields.ts'
import { joinPath, type Report, said } from '../decode/problem.ts'
import type { ProxyMode } from './proxy-mode.ts'

/**
 * How a field is handled. `used`: its own schema reads it. `unused`: it is accepted with any value.
 * A list: it is read only in these modes of kube-proxy. An object: the fields inside.
 */
export type Known = 'used' | 'unused' | readonly ProxyMode[] | KnownFields

interface KnownFields {
  readonly [field: string]: Known
}

/** The criteria for checking the fields of a document. */
interface FieldCheck {
  readonly known: KnownFields
  /** The mode of kube-proxy, if the document is kube-proxy's. */
  readonly mode?: ProxyMode | undefined
}

/**
 * Reports fields that do not exist, and returns the paths of those that are set but not used here.
 */
export function checkFields(
  object: unknown,
  path: string,
  { known, mode }: FieldCheck,
  report: Report,
): string[] {
  if (object === undefined || object === null) return []
  if (typeof object !== 'object' || Array.isArray(object)) {
    // If a field inside is used, its schema reports the problem itself.
    if (!Object.values(known).some(isRead)) report.error(path, object, 'an object')
    return []
  }
  return Object.keys(object).flatMap((field) => {
    const place = joinPath(path, field)
    const kind = Object.hasOwn(known, field) ? known[field] : undefined
    if (kind === undefined) {
      const allowed = Object.keys(known).join(', ')
      report.error(place, said('an unknown field'), `one of ${allowed}`)
      return []
    }
    if (kind === 'used') return []
    const value = valueAt(object, [field])
    if (isModes(kind) && mode !== undefined && kind.includes(mode)) return []
    if (kind === 'unused' || isModes(kind)) return asksForNothing(value) ? [] : [place]
    return checkFields(value, place, { known: kind, mode }, report)
  })
}

function isRead(known: Known): boolean {
  return known === 'used' || isModes(known)
}

function isModes(known: Known): known is readonly ProxyMode[] {
  return Array.isArray(known)
}

/**
 * Whether a value is one of the zero values that generated files spell out: kube-proxy itself reads
 * them as "the default".
 */
function asksForNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  if (value === 0 || value === '0' || value === '0s') return true
  return typeof value === 'object' && Object.values(value).every(asksForNothing)
}

/** Returns the sync periods, which each mode of kube-proxy has in the section named after it. */
function sync(mode: ProxyMode): KnownFields {
  return { syncPeriod: 'unused', minSyncPeriod: [mode] }
}

/** The fields of kubeproxy.config.k8s.io/v1alpha1, including those of older releases. */
export const kubeProxyFields: KnownFields = {
  apiVersion: 'used',
  kind: 'used',
  mode: 'used',
  clusterCIDR: 'used',
  detectLocalMode: 'used',
  detectLocal: { bridgeInterface: 'used', interfaceNamePrefix: 'used' },
  nodePortAddresses: 'used',
  hostnameOverride: 'used',
  nftables: { masqueradeBit: ['nftables'], masqueradeAll: ['nftables'], ...sync('nftables') },
  iptables: {
    masqueradeBit: ['iptables', 'ipvs'],
    masqueradeAll: ['iptables', 'ipvs'],
    localhostNodePorts: ['iptables'],
    snatNodeInternalIP: 'unused',
    ...sync('iptables'),
  },
  ipvs: {
    ...sync('ipvs'),
    scheduler: 'used',
    excludeCIDRs: 'used',
    strictARP: 'used',
    tcpTimeout: 'used',
    tcpFinTimeout: 'used',
    udpTimeout: 'used',
  },
  winkernel: {
    networkName: 'unused',
    sourceVip: 'unused',
    enableDSR: 'unused',
    rootHnsEndpointName: 'unused',
    forwardHealthCheckVip: 'unused',
  },
  conntrack: {
    max: 'unused',
    maxPerCore: 'used',
    min: 'used',
    tcpEstablishedTimeout: 'used',
    tcpCloseWaitTimeout: 'used',
    tcpBeLiberal: 'used',
    udpTimeout: 'used',
    udpStreamTimeout: 'used',
  },
  clientConnection: {
    kubeconfig: 'unused',
    acceptContentTypes: 'unused',
    contentType: 'unused',
    qps: 'unused',
    burst: 'unused',
  },
  featureGates: 'unused',
  logging: 'unused',
  bindAddress: 'used',
  healthzBindAddress: 'used',
  metricsBindAddress: 'used',
  bindAddressHardFail: 'unused',
  enableProfiling: 'unused',
  showHiddenMetricsForVersion: 'unused',
  oomScoreAdj: 'unused',
  configSyncPeriod: 'unused',
  portRange: 'unused',
  windowsRunAsService: 'unused',
  resourceContainer: 'unused',
  udpIdleTimeout: 'unused',
}

export const nodelbFields: KnownFields = {
  apiVersion: 'used',
  kind: 'used',
  scope: 'used',
  backend: 'used',
  target: 'used',
  serviceCIDRs: 'used',
  externalIPs: { allow: 'used', nodeAddresses: 'used' },
  protectedPorts: 'used',
  conntrack: { tcp: 'used', tcpBeLiberal: 'used' },
  ownership: 'used',
  minSyncPeriod: 'used',
  comparePeriod: 'used',
  ipvs: { interface: 'used' },
  iptables: { flavour: 'used' },
  healthzBindAddress: 'used',
  metricsBindAddress: 'used',
  metrics: { services: { enabled: 'used', selector: 'used' } },
  sessionAffinity: { clients: 'used' },
  limits: { claimsPerService: 'used', entriesPerService: 'used', entriesPerNamespace: 'used' },
  addresses: 'used',
  onPoolChange: 'used',
  loadBalancerClasses: 'used',
  poolUsageWarning: 'used',
  adoptFinalizers: 'used',
  ui: { enabled: 'used', bindAddress: 'used' },
  announce: {
    ping: 'used',
    bgp: {
      enabled: 'used',
      engine: 'used',
      frr: { sockets: 'used', shared: 'used' },
      onExit: 'used',
      ignoreExcludeLabel: 'used',
      drain: { cordoned: 'used', grace: 'used' },
      weightByEndpoints: 'used',
    },
    layer2: {
      enabled: 'used',
      excludeInterfaces: 'used',
      ignoreExcludeLabel: 'used',
      hold: 'used',
      settle: 'used',
      members: { interval: 'used', timeout: 'used', port: 'used', keyFile: 'used' },
    },
  },
}
