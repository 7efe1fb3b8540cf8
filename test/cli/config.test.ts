import { expect, test } from 'vitest'
import { type Config, defaultConfig, readConfig } from '../../src/config/config.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { defaultLimits } from '../../src/model/limits.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function config(text: string): Config {
  const result = readConfig(text, 'config.yaml')
  if (result.kind !== 'config') throw new Error(result.problems.map(printProblem).join('\n'))
  return result.config
}

/** What kubeadm writes, shortened to fields of every kind. */
const kubeadm = `${kubeProxy}bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}
clusterCIDR: 10.244.0.0/16,fd00:10:244::/48
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, strictARP: true, tcpTimeout: 0s}
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}}, verbosity: 0}
metricsBindAddress: ""
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel: {enableDSR: false, networkName: ""}
`

/** What a KubeProxyConfiguration without a mode is: one of mode iptables. */
const iptablesMode = { mode: 'iptables', localhostNodePorts: true }

test.each([
  ['clients: 5000', 5_000],
  ['{}', 262_144],
] as const)('room for clients of session affinity: %s', (text, clients) => {
  const sessionAffinity = text === '{}' ? 'sessionAffinity: {}' : `sessionAffinity: { ${text} }`
  const file = `apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n${sessionAffinity}\n`
  expect(readConfig(file, 'f')).toMatchObject({
    config: { affinityClients: clients },
    problems: [],
  })
})

test.each([
  ['{}', false],
  ['{ services: {} }', false],
  ['{ services: { enabled: true } }', true],
] as const)('whether connections to Services are counted: %s', (metrics, counted) => {
  const file = `apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nmetrics: ${metrics}\n`
  expect(readConfig(file, 'f')).toMatchObject({ config: { meterServices: counted }, problems: [] })
})

test('which Services are counted is a selector as kubectl takes it, or a mistake', () => {
  const fileOf = (selector: string) => {
    const head = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
    return `${head}metrics: { services: { enabled: true, selector: "${selector}" } }\n`
  }
  const requirements = [{ key: 'team', operator: 'in', values: ['shop'] }]
  expect(readConfig(fileOf('team=shop'), 'f')).toMatchObject({
    config: { meterSelector: { text: 'team=shop', selector: { requirements } } },
    problems: [],
  })
  expect(readConfig(fileOf('team>shop'), 'f')).toMatchObject({
    kind: 'invalid',
    problems: [{ found: '"team>shop"' }],
  })
})

test('no room for clients of session affinity is a mistake', () => {
  const file =
    'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nsessionAffinity: { clients: 0 }\n'
  expect(readConfig(file, 'f')).toMatchObject({
    kind: 'invalid',
    problems: [{ expected: 'a number from 1 to 16777216' }],
  })
})

test.each([
  ['{ claimsPerService: 1 }', { ...defaultLimits, claimsPerService: 1 }],
  ['{ entriesPerService: 9 }', { ...defaultLimits, entriesPerService: 9 }],
  ['{ entriesPerNamespace: 8 }', { ...defaultLimits, entriesPerNamespace: 8 }],
  ['{}', { claimsPerService: 4_096, entriesPerService: 262_144, entriesPerNamespace: 1_572_864 }],
] as const)('limits of what a Service may ask for: %s', (text, limits) => {
  const file = `apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nlimits: ${text}\n`
  expect(readConfig(file, 'f')).toMatchObject({ config: { limits }, problems: [] })
})

test.each(['0', '1.5', '"many"', '-1'])('%s is no limit', (text) => {
  const file = `apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nlimits: { claimsPerService: ${text} }\n`
  expect(readConfig(file, 'f')).toMatchObject({
    kind: 'invalid',
    problems: [{ path: 'limits.claimsPerService', expected: 'a number from 1 to 16777216' }],
  })
})

test('without any field the defaults hold', () => {
  expect(config(kubeProxy)).toEqual({ ...defaultConfig, ...iptablesMode, source: 'config.yaml' })
  expect(config(nodelb)).toEqual({ ...defaultConfig, source: 'config.yaml' })
  expect(defaultConfig).toMatchObject({
    scope: 'load-balancer',
    backend: 'auto',
    target: 'pods',
    masqueradeBit: 14,
  })
})

test('reads what kubeadm writes, and names the fields that ask for something unused', () => {
  expect(config(kubeadm)).toEqual({
    ...defaultConfig,
    ...iptablesMode,
    source: 'config.yaml',
    clusterRanges: ['10.244.0.0/16', 'fd00:10:244::/48'],
    notUsed: ['clientConnection.kubeconfig'],
  })
})

test('reads the ConfigMap of kube-proxy', () => {
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-proxy', namespace: 'kube-system' },
    data: { 'config.conf': kubeadm, 'kubeconfig.conf': 'not: read' },
  })
  expect(config(text)).toEqual(config(kubeadm))
})

test("reads the ConfigMap of OpenShift's kube-proxy, of openshift-sdn too", () => {
  const configMap = (text: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'sdn-config', namespace: 'openshift-sdn' },
      data: { 'kube-proxy-config.yaml': text },
    })
  expect(config(configMap(kubeadm))).toEqual(config(kubeadm))
  const idling = readConfig(configMap(`${kubeProxy}mode: unidling+iptables`), 'config.yaml')
  expect(idling).toMatchObject({ kind: 'config', config: { mode: 'iptables' } })
  expect(idling.problems.map(printProblem)).toEqual([
    'config.yaml: ConfigMap openshift-sdn/sdn-config: data["kube-proxy-config.yaml"]: KubeProxyConfiguration: mode: found "unidling+iptables", expected iptables; it is read as iptables; a connection to an idled Service does not wake it',
  ])
})

test('reads both documents of one file', () => {
  const text = `${nodelb}scope: all
target: pods
backend: nftables
serviceCIDRs: [10.96.0.0/16, "fd00:10:96::/112"]
---
${kubeProxy}mode: nftables
hostnameOverride: " Node-A "
nftables: {masqueradeAll: true, masqueradeBit: 0}
nodePortAddresses: [primary, 192.0.2.0/24, "2001:db8::/32"]
`
  expect(config(text)).toMatchObject({
    scope: 'all',
    serviceRanges: ['10.96.0.0/16', 'fd00:10:96::/112'],
    mode: 'nftables',
    hostname: 'node-a',
    masqueradeAll: true,
    masqueradeBit: 0,
    nodePortAddresses: ['primary', '192.0.2.0/24', '2001:db8::/32'],
  })
})

test.each([
  ['detectLocalMode: ClusterCIDR', { kind: 'cluster-cidr' }],
  ['detectLocalMode: NodeCIDR', { kind: 'node-cidr' }],
  [
    'detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}',
    { kind: 'interface', name: 'cni0' },
  ],
  [
    'detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}',
    { kind: 'interface-prefix', prefix: 'veth' },
  ],
])('reads %s', (text, detectLocal) => {
  expect(config(kubeProxy + text).detectLocal).toEqual(detectLocal)
})

const types =
  'kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration, nodelb.io/v1alpha1 NodelbConfiguration or v1 ConfigMap'

test.each([
  [
    'mode: userspace',
    'mode: found "userspace", expected nftables, iptables, ipvs, "" or unidling+iptables',
  ],
  [
    'nftables: {masqueradAll: true}',
    'nftables.masqueradAll: found an unknown field, expected one of masqueradeBit, masqueradeAll, syncPeriod, minSyncPeriod',
  ],
  [
    'nftables: {masqueradeBit: 32}',
    'nftables.masqueradeBit: found 32, expected a bit from 0 to 31',
  ],
  [
    'nftables: {masqueradeAll: "true"}',
    'nftables.masqueradeAll: found "true", expected true or false',
  ],
  ['conntrack: 5', 'conntrack: found 5, expected an object'],
  ['detectLocal: [cni0]', 'detectLocal: found a list, expected an object'],
  [
    'detectLocal: {constructor: x}',
    'detectLocal.constructor: found an unknown field, expected one of bridgeInterface, interfaceNamePrefix',
  ],
  [
    'detectLocalMode: nodeCIDR',
    'detectLocalMode: found "nodeCIDR", expected ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix or ""',
  ],
  [
    'detectLocalMode: BridgeInterface',
    'detectLocal.bridgeInterface: found nothing, expected a network interface name of 1 to 15 characters',
  ],
  [
    'detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: "veth*"}',
    'detectLocal.interfaceNamePrefix: found "veth*", expected a network interface name of 1 to 15 characters',
  ],
  [
    'clusterCIDR: 10.244.0.0',
    'clusterCIDR: found "10.244.0.0", expected an address range such as 192.0.2.0/24',
  ],
  [
    'clusterCIDR: 10.244.0.0/16,10.245.0.0/16',
    'clusterCIDR: found "10.244.0.0/16,10.245.0.0/16", expected one range, or an IPv4 and an IPv6 range',
  ],
  [
    'nodePortAddresses: [all, 192.0.2.1]',
    'nodePortAddresses[1]: found "192.0.2.1", expected "primary", "all", "localhost" or an address range such as 192.0.2.0/24',
  ],
])('refuses %s', (text, line) => {
  const result = readConfig(kubeProxy + text, 'config.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems.map(printProblem)).toEqual([
    `config.yaml: KubeProxyConfiguration: ${line}`,
  ])
})

test.each([
  ['scope: everything', 'scope: found "everything", expected load-balancer or all'],
  ['iptables: {flavour: old}', 'iptables.flavour: found "old", expected auto, legacy or nft'],
  ['backend: ebpf', 'backend: found "ebpf", expected auto, nftables, ipvs or iptables'],
  [
    'ipvs: {interface: "lb 0"}',
    'ipvs.interface: found "lb 0", expected a network interface name of 1 to 15 characters',
  ],
  ['target: nodes', 'target: found "nodes", expected pods or cluster-ip'],
  [
    'externalIPs: {allow: [203.0.113.0/40]}',
    'externalIPs.allow[0]: found "203.0.113.0/40", expected an address range such as 192.0.2.0/24',
  ],
  ['externalIPs: {nodeAddresses: 1}', 'externalIPs.nodeAddresses: found 1, expected true or false'],
  ['protectedPorts: [0]', 'protectedPorts[0]: found 0, expected a port from 1 to 65535'],
  [
    'serviceCIDRs: [10.96.0.0/40]',
    'serviceCIDRs[0]: found "10.96.0.0/40", expected an address range such as 192.0.2.0/24',
  ],
  [
    'serviceCIDR: 10.96.0.0/16',
    'serviceCIDR: found an unknown field, expected one of apiVersion, kind, scope, backend, target, serviceCIDRs, externalIPs, protectedPorts, conntrack, ownership, minSyncPeriod, comparePeriod, ipvs, iptables, healthzBindAddress, metricsBindAddress, metrics, sessionAffinity, limits, addresses, onPoolChange, loadBalancerClasses, poolUsageWarning, adoptFinalizers, ui, announce',
  ],
])('refuses %s', (text, line) => {
  const result = readConfig(nodelb + text, 'config.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems.map(printProblem)).toEqual([`config.yaml: NodelbConfiguration: ${line}`])
})

test.each([
  ['', `config.yaml: found no document, expected ${types}`],
  [
    '{"apiVersion": {"toString": 1}, "kind": "ConfigMap"}',
    `config.yaml: found a document of kind ConfigMap, expected ${types}`,
  ],
  ['[]', `config.yaml: found an empty list, expected ${types}`],
  [
    'apiVersion: v1\nkind: Service',
    `config.yaml: found a document of kind v1 Service, expected ${types}`,
  ],
  [
    `${nodelb}---\n${nodelb}`,
    'config.yaml: NodelbConfiguration: found a second document of this kind, expected one',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy}',
    'config.yaml: ConfigMap default/kube-proxy: data["config.conf"]: found nothing, expected the text of a KubeProxyConfiguration',
  ],
  [
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy}\ndata: {config.conf: "mode: nftables"}`,
    'config.yaml: ConfigMap default/kube-proxy: data["config.conf"]: found a document without a kind, expected kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration or nodelb.io/v1alpha1 NodelbConfiguration',
  ],
])('refuses the file %j', (text, line) => {
  const result = readConfig(text, 'config.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems.map(printProblem)).toEqual([line])
})

test('leading zeros are a note and no obstacle', () => {
  const result = readConfig(`${nodelb}serviceCIDRs: [10.096.0.0/16]`, 'config.yaml')
  expect(result).toMatchObject({ kind: 'config', config: { serviceRanges: ['10.96.0.0/16'] } })
  expect(result.problems.map(({ severity }) => severity)).toEqual(['note'])
})

test.each([
  ['', { allow: undefined, nodeAddresses: true }],
  ['externalIPs: {allow: []}', { allow: [], nodeAddresses: true }],
  [
    'externalIPs: {allow: [203.0.113.0/24], nodeAddresses: false}',
    { allow: ['203.0.113.0/24'], nodeAddresses: false },
  ],
])('externalIPs may be narrowed: %s', (text, externalIps) => {
  expect(readConfig(`${nodelb}${text}`, 'config.yaml')).toMatchObject({ config: { externalIps } })
})

test('the allocation of addresses is configured', () => {
  const file = `${nodelb}addresses: nodes
onPoolChange: move
loadBalancerClasses: [example.com/lb]
poolUsageWarning: 95
adoptFinalizers: true
`
  expect(config(file).allocation).toEqual({
    addresses: 'nodes',
    onPoolChange: 'move',
    loadBalancerClasses: ['example.com/lb'],
    poolUsageWarning: 95,
    adoptFinalizers: true,
  })
  expect(config(nodelb).allocation).toEqual(defaultConfig.allocation)
})

test.each([
  ['addresses: some', 'auto, pools or nodes'],
  ['onPoolChange: drop', 'keep or move'],
  ['loadBalancerClasses: example.com/lb', 'a list of names such as example.com/lb'],
  ['poolUsageWarning: 0', 'a number from 1 to 100'],
])('the allocation of addresses refuses %s', (text, expected) => {
  const result = readConfig(`${nodelb}${text}\n`, 'config.yaml')
  expect(result).toMatchObject({ kind: 'invalid', problems: [{ expected }] })
})

test('announcing is configured', () => {
  const file = `${nodelb}announce:
  ping: true
  bgp:
    enabled: true
    engine: frr
    frr: {sockets: /var/run/frr, shared: true}
    onExit: withdraw
    ignoreExcludeLabel: true
    drain: {cordoned: withdraw, grace: 30s}
    weightByEndpoints: true
  layer2:
    enabled: true
    excludeInterfaces: [^wlan]
    ignoreExcludeLabel: true
    hold: 1m
    settle: 0s
    members: {interval: 50ms, timeout: 100ms, port: 8000, keyFile: /etc/nodelb/members/secretkey}
`
  expect(config(file).announce).toEqual({
    ping: true,
    bgp: {
      enabled: true,
      engine: 'frr',
      frr: { sockets: '/var/run/frr', shared: true },
      onExit: 'withdraw',
      ignoreExcludeLabel: true,
      drain: { cordoned: 'withdraw', grace: 30_000 },
      weightByEndpoints: true,
    },
    layer2: {
      enabled: true,
      excludeInterfaces: ['^wlan'],
      ignoreExcludeLabel: true,
      hold: 60_000,
      settle: 0,
      members: { interval: 50, timeout: 100, port: 8000, keyFile: '/etc/nodelb/members/secretkey' },
    },
  })
})

test.each([
  '',
  'announce:',
  'announce: {layer2: , bgp: }',
  'announce: {bgp: {drain: , frr: }}',
  'announce: {layer2: {members: }}',
])('announcing has defaults: %s', (text) => {
  expect(config(`${nodelb}${text}\n`).announce).toEqual({
    ping: false,
    bgp: {
      enabled: false,
      engine: 'frr',
      frr: { sockets: '/run/frr', shared: false },
      onExit: 'keep',
      ignoreExcludeLabel: false,
      drain: { cordoned: 'ignore', grace: 0 },
      weightByEndpoints: false,
    },
    layer2: {
      enabled: false,
      excludeInterfaces: undefined,
      ignoreExcludeLabel: false,
      hold: 15_000,
      settle: 10_000,
      members: { interval: 200, timeout: 600, port: 7950, keyFile: undefined },
    },
  })
})

test.each([
  ['engine: bird', 'frr or frr-k8s'],
  ['frr: {sockets: frr}', 'the path of the folder with the sockets of FRR, such as /run/frr'],
  ['onExit: stay', 'keep or withdraw'],
  ['drain: {grace: 2h}', 'a duration from 0s to 3600s, such as 500ms or 10m'],
])('announcing by BGP refuses %s', (text, expected) => {
  const result = readConfig(`${nodelb}announce: {bgp: {${text}}}\n`, 'config.yaml')
  expect(result).toMatchObject({ kind: 'invalid', problems: [{ expected }] })
})

test('a longer interval has a longer time limit, unless one is set', () => {
  const { members } = config(`${nodelb}announce: {layer2: {members: {interval: 5s}}}\n`).announce
    .layer2
  expect(members).toMatchObject({ interval: 5_000, timeout: 15_000 })
})

test.each([
  ['hold: 4s', 'hold: found "4s", expected a duration from 5s to 600s, such as 500ms or 10m'],
  ['hold: 11m', 'hold: found "11m", expected a duration from 5s to 600s, such as 500ms or 10m'],
  ['settle: 1h', 'settle: found "1h", expected a duration from 0s to 600s, such as 500ms or 10m'],
  [
    'members: {interval: 49ms}',
    'members.interval: found "49ms", expected a duration from 0.05s to 5s, such as 500ms or 10m',
  ],
  [
    'members: {interval: 6s}',
    'members.interval: found "6s", expected a duration from 0.05s to 5s, such as 500ms or 10m',
  ],
  [
    'members: {interval: 400ms, timeout: 799ms}',
    'members.timeout: found 799ms, expected at least two intervals, which are 800ms',
  ],
  ['members: {port: 0}', 'members.port: found 0, expected a port from 1 to 65535'],
  ['members: {keyFile: ""}', 'members.keyFile: found "", expected the path of a file with the key'],
  [
    'members: {key: x}',
    'members.key: found an unknown field, expected one of interval, timeout, port, keyFile',
  ],
  ['enabled: "yes"', 'enabled: found "yes", expected true or false'],
  [
    'excludeInterfaces: ["("]',
    'excludeInterfaces[0]: found "(", expected a regular expression such as ^docker.*',
  ],
  [
    'holdTime: 5s',
    'holdTime: found an unknown field, expected one of enabled, excludeInterfaces, ignoreExcludeLabel, hold, settle, members',
  ],
])('announcing refuses %s', (text, line) => {
  const result = readConfig(`${nodelb}announce: {layer2: {${text}}}\n`, 'config.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems.map(printProblem)).toEqual([
    `config.yaml: NodelbConfiguration: announce.layer2.${line}`,
  ])
})
