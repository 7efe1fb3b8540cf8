/** A value that says something, what stands beside it for that, and what it says by itself. */
export interface Sample {
  readonly value: unknown
  readonly beside?: Readonly<Record<string, unknown>>
  readonly before?: unknown
}

const nftables = { mode: 'nftables' }
const ipvs = { mode: 'ipvs' }

/**
 * Every field of kubeproxy.config.k8s.io/v1alpha1 as its types.go has them in Kubernetes 1.37
 * (staging/src/k8s.io/kube-proxy/config/v1alpha1), with a value that is not the default.
 */
export const FIELDS: Readonly<Record<string, Sample>> = {
  featureGates: { value: { KubeProxyDrainingTerminatingNodes: true } },
  'clientConnection.kubeconfig': { value: '/var/lib/kube-proxy/kubeconfig.conf' },
  'clientConnection.acceptContentTypes': { value: 'application/json' },
  'clientConnection.contentType': { value: 'application/vnd.kubernetes.protobuf' },
  'clientConnection.qps': { value: 5 },
  'clientConnection.burst': { value: 10 },
  logging: { value: { format: 'json', verbosity: 4 } },
  hostnameOverride: { value: 'node-7' },
  bindAddress: { value: '192.0.2.7' },
  healthzBindAddress: { value: '127.0.0.1:10256' },
  metricsBindAddress: { value: '0.0.0.0:10249' },
  bindAddressHardFail: { value: true },
  enableProfiling: { value: true },
  showHiddenMetricsForVersion: { value: '1.36' },
  mode: { value: 'nftables' },
  'iptables.masqueradeBit': { value: 15 },
  'iptables.masqueradeAll': { value: true },
  'iptables.localhostNodePorts': { value: false },
  'iptables.snatNodeInternalIP': { value: true },
  'iptables.syncPeriod': { value: '30s' },
  'iptables.minSyncPeriod': { value: '1s' },
  'ipvs.syncPeriod': { value: '30s', beside: ipvs },
  'ipvs.minSyncPeriod': { value: '1s', beside: ipvs },
  'ipvs.scheduler': { value: 'lc' },
  'ipvs.excludeCIDRs': { value: ['192.0.2.0/24'] },
  'ipvs.strictARP': { value: false },
  'ipvs.tcpTimeout': { value: '15m' },
  'ipvs.tcpFinTimeout': { value: '2m' },
  'ipvs.udpTimeout': { value: '5m' },
  'nftables.masqueradeBit': { value: 15, beside: nftables },
  'nftables.masqueradeAll': { value: true, beside: nftables },
  'nftables.syncPeriod': { value: '30s', beside: nftables },
  'nftables.minSyncPeriod': { value: '1s', beside: nftables },
  'winkernel.networkName': { value: 'l2bridge' },
  'winkernel.sourceVip': { value: '192.0.2.8' },
  'winkernel.enableDSR': { value: true },
  'winkernel.rootHnsEndpointName': { value: 'cbr0' },
  'winkernel.forwardHealthCheckVip': { value: true },
  detectLocalMode: { value: 'NodeCIDR' },
  'detectLocal.bridgeInterface': {
    value: 'cni0',
    before: 'br0',
    beside: { detectLocalMode: 'BridgeInterface' },
  },
  'detectLocal.interfaceNamePrefix': {
    value: 'cali',
    before: 'veth',
    beside: { detectLocalMode: 'InterfaceNamePrefix' },
  },
  clusterCIDR: { value: '10.244.0.0/16' },
  nodePortAddresses: { value: ['192.0.2.0/24'] },
  oomScoreAdj: { value: -999 },
  'conntrack.maxPerCore': { value: 0 },
  'conntrack.min': { value: 65_536 },
  'conntrack.tcpEstablishedTimeout': { value: '0s' },
  'conntrack.tcpCloseWaitTimeout': { value: '60s' },
  'conntrack.tcpBeLiberal': { value: true },
  'conntrack.udpTimeout': { value: '30s' },
  'conntrack.udpStreamTimeout': { value: '3m' },
  configSyncPeriod: { value: '15m0s' },
  portRange: { value: '30000-32767' },
  windowsRunAsService: { value: true },
}

/** Fields of older releases, which files of that time still carry. */
export const FORMER_FIELDS: Readonly<Record<string, Sample>> = {
  'conntrack.max': { value: 131_072 },
  resourceContainer: { value: '/kube-proxy' },
  udpIdleTimeout: { value: '250ms' },
}
