import type { Config } from './config.ts'
import type { Field } from './field.ts'
import { chosenAddresses } from './node-port-addresses.ts'
import { writeDuration } from './write-value.ts'

/** The fields of a KubeProxyConfiguration that are in force; other fields stand in for the rest. */
export function kubeProxyTable(config: Config): readonly Pick<Field, 'path' | 'of'>[] {
  const section = config.mode === 'nftables' ? 'nftables' : 'iptables'
  return [
    ...general,
    { path: `${section}.masqueradeAll`, of: ({ masqueradeAll }) => masqueradeAll },
    { path: `${section}.masqueradeBit`, of: ({ masqueradeBit }) => masqueradeBit },
    ...ofIpvs,
    ...ofConntrack,
  ]
}

const general: readonly Pick<Field, 'path' | 'of'>[] = [
  { path: 'mode', of: ({ mode }) => mode ?? null },
  { path: 'bindAddress', of: ({ primaryAddress }) => primaryAddress ?? '0.0.0.0' },
  { path: 'hostnameOverride', of: ({ hostname }) => hostname ?? null },
  { path: 'nodePortAddresses', of: chosenAddresses },
  { path: 'clusterCIDR', of: ({ clusterRanges }) => clusterRanges.join(',') || null },
  { path: 'detectLocalMode', of: ({ detectLocal }) => LOCAL_MODES[detectLocal.kind] },
  {
    path: 'detectLocal.bridgeInterface',
    of: ({ detectLocal }) => (detectLocal.kind === 'interface' ? detectLocal.name : null),
  },
  {
    path: 'detectLocal.interfaceNamePrefix',
    of: ({ detectLocal }) => (detectLocal.kind === 'interface-prefix' ? detectLocal.prefix : null),
  },
  { path: 'iptables.localhostNodePorts', of: ({ localhostNodePorts }) => localhostNodePorts },
]

const LOCAL_MODES = {
  default: null,
  'cluster-cidr': 'ClusterCIDR',
  'node-cidr': 'NodeCIDR',
  interface: 'BridgeInterface',
  'interface-prefix': 'InterfaceNamePrefix',
} as const

const ofIpvs: readonly Pick<Field, 'path' | 'of'>[] = [
  { path: 'ipvs.scheduler', of: ({ proxyIpvs }) => proxyIpvs.scheduler },
  { path: 'ipvs.excludeCIDRs', of: ({ proxyIpvs }) => proxyIpvs.excludedRanges },
  { path: 'ipvs.strictARP', of: ({ proxyIpvs }) => proxyIpvs.strictArp },
  { path: 'ipvs.tcpTimeout', of: ({ proxyIpvs }) => seconds(proxyIpvs.timeouts?.tcp) },
  { path: 'ipvs.tcpFinTimeout', of: ({ proxyIpvs }) => seconds(proxyIpvs.timeouts?.tcpFin) },
  { path: 'ipvs.udpTimeout', of: ({ proxyIpvs }) => seconds(proxyIpvs.timeouts?.udp) },
]

const ofConntrack: readonly Pick<Field, 'path' | 'of'>[] = [
  { path: 'conntrack.maxPerCore', of: ({ conntrack }) => conntrack.maxPerCore },
  { path: 'conntrack.min', of: ({ conntrack }) => conntrack.min },
  {
    path: 'conntrack.tcpEstablishedTimeout',
    of: ({ conntrack }) => seconds(conntrack.tcpEstablishedTimeout),
  },
  {
    path: 'conntrack.tcpCloseWaitTimeout',
    of: ({ conntrack }) => seconds(conntrack.tcpCloseWaitTimeout),
  },
  { path: 'conntrack.udpTimeout', of: ({ conntrack }) => seconds(conntrack.udpTimeout) },
  {
    path: 'conntrack.udpStreamTimeout',
    of: ({ conntrack }) => seconds(conntrack.udpStreamTimeout),
  },
]

/** Zero leaves the kernel's value, as does a timeout that is not set. */
function seconds(timeout: number | undefined): string {
  return writeDuration((timeout ?? 0) * 1000)
}
