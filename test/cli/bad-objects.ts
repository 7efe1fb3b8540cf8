/** One kind of bad input: an object as text, and the lines promised about it. */
export interface BadObject {
  readonly title: string
  readonly text: string
  readonly lines: readonly string[]
  /** What is still decoded of it. */
  readonly left: 'all' | 'nothing'
}

export const service = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIPs: [10.96.0.10]
  externalIPs: [203.0.113.200]
  loadBalancerSourceRanges: [192.0.2.0/24]
  sessionAffinity: None
  ports:
  - {name: http, port: 80, nodePort: 30080}
  - {name: https, port: 443}
status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}
`

export const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: https, port: 8443}]
endpoints:
- {addresses: [10.244.1.10], nodeName: node-a, conditions: {ready: true}}
- {addresses: [10.244.1.11], hints: {forZones: [{name: zone-1}]}}
`

export const node = `apiVersion: v1
kind: Node
metadata: {name: node-z, labels: {topology.kubernetes.io/zone: zone-1}}
spec: {podCIDRs: [10.244.1.0/24]}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
`

/** `base` with one place written differently, and what is said about it. */
function bad(
  base: string,
  from: string,
  to: string,
  left: BadObject['left'],
  ...lines: readonly string[]
): BadObject {
  if (!base.includes(from)) throw new Error(`the base object has no ${from}`)
  return { title: to.trim() || `no ${from.trim()}`, text: base.replace(from, to), lines, left }
}

const name = 'found "Web_1", expected a name in lower-case letters, digits, "-" and "."'
const port = 'expected a port from 1 to 65535'
const address = 'expected an IPv4 or IPv6 address'
const range = 'expected an address range such as 192.0.2.0/24'
const special = 'expected no unspecified, loopback or multicast address'
const ports = 'stdin: Service shop/web: spec.ports'

const badServices: readonly BadObject[] = [
  bad(service, 'port: 80,', 'port: 70000,', 'all', `${ports}[0].port: found 70000, ${port}`),
  bad(service, 'port: 80,', 'port: 0,', 'all', `${ports}[0].port: found 0, ${port}`),
  bad(service, 'port: 80,', 'port: 80.5,', 'all', `${ports}[0].port: found 80.5, ${port}`),
  bad(service, 'port: 80,', 'port: "80",', 'all', `${ports}[0].port: found "80", ${port}`),
  bad(service, 'port: 80,', '', 'all', `${ports}[0].port: found nothing, ${port}`),
  bad(service, '30080', '70080', 'all', `${ports}[0].nodePort: found 70080, ${port}`),
  bad(
    service,
    'port: 443',
    'port: 443, protocol: tcp',
    'all',
    `${ports}[1].protocol: found "tcp", expected TCP, UDP or SCTP`,
  ),
  bad(
    service,
    'name: https',
    'name: "no spaces"',
    'all',
    `${ports}[1].name: found "no spaces", expected a port name in lower-case letters, digits and "-"`,
  ),
  bad(
    service,
    'name: https',
    'name: http',
    'all',
    `${ports}[1].name: found "http", expected a name no other port of the Service has`,
  ),
  bad(
    service,
    'port: 443',
    'port: 80',
    'all',
    `${ports}[1].port: found 80, expected a port no other port of the Service has`,
  ),
  bad(
    service,
    'port: 443',
    'port: 443, nodePort: 30080',
    'all',
    `${ports}[1].nodePort: found 30080, expected a nodePort no other port of the Service has`,
  ),
  bad(
    service,
    '- {name: https, port: 443}',
    '- 443',
    'all',
    `${ports}[1]: found 443, expected an object`,
  ),
  bad(
    service,
    /\n {2}ports:[\s\S]*(?=status)/.exec(service)?.[0] ?? 'ports',
    '\n',
    'nothing',
    `${ports}: found nothing, expected at least one port`,
  ),
  bad(
    service,
    /ports:[\s\S]*(?=status)/.exec(service)?.[0] ?? 'ports',
    'ports: 80\n',
    'nothing',
    `${ports}: found 80, expected a list`,
  ),
  bad(
    service,
    'type: LoadBalancer',
    'type: Loadbalancer',
    'nothing',
    'stdin: Service shop/web: spec.type: found "Loadbalancer", expected ClusterIP, NodePort, LoadBalancer or ExternalName',
  ),
  bad(
    service,
    '[10.96.0.10]',
    '[10.96.0.256]',
    'all',
    `stdin: Service shop/web: spec.clusterIPs[0]: found "10.96.0.256", ${address}`,
  ),
  bad(
    service,
    'clusterIPs: [10.96.0.10]',
    'clusterIP: 10.96.0',
    'all',
    `stdin: Service shop/web: spec.clusterIP: found "10.96.0", ${address}`,
  ),
  bad(
    service,
    '[203.0.113.200]',
    '[203.0.113.200/32]',
    'all',
    `stdin: Service shop/web: spec.externalIPs[0]: found "203.0.113.200/32", ${address}`,
  ),
  bad(
    service,
    '[203.0.113.200]',
    '["::ffff:203.0.113.200"]',
    'all',
    `stdin: Service shop/web: spec.externalIPs[0]: found "::ffff:203.0.113.200", ${address}`,
  ),
  bad(
    service,
    '[203.0.113.200]',
    '[127.0.0.1]',
    'all',
    `stdin: Service shop/web: spec.externalIPs[0]: found "127.0.0.1", ${special}`,
  ),
  bad(
    service,
    '[203.0.113.200]',
    '["fe80::1"]',
    'all',
    'stdin: Service shop/web: spec.externalIPs[0]: found "fe80::1", expected no link-local address',
  ),
  bad(
    service,
    '[203.0.113.200]',
    '[203.000.113.200]',
    'all',
    'stdin: Service shop/web: spec.externalIPs[0]: found "203.000.113.200", expected no leading zeros; read as 203.0.113.200',
  ),
  bad(
    service,
    'ip: 203.0.113.10',
    'ip: example.org',
    'all',
    `stdin: Service shop/web: status.loadBalancer.ingress[0].ip: found "example.org", ${address}`,
  ),
  bad(
    service,
    'ip: 203.0.113.10',
    'ip: 0.0.0.0',
    'all',
    `stdin: Service shop/web: status.loadBalancer.ingress[0].ip: found "0.0.0.0", ${special}`,
  ),
  bad(
    service,
    'ip: 203.0.113.10',
    'ip: 203.0.113.10, ipMode: Other',
    'all',
    'stdin: Service shop/web: status.loadBalancer.ingress[0].ipMode: found "Other", expected VIP or Proxy',
  ),
  bad(
    service,
    '[192.0.2.0/24]',
    '[192.0.2.0/24, 192.0.2.0/33]',
    'all',
    `stdin: Service shop/web: spec.loadBalancerSourceRanges[1]: found "192.0.2.0/33", ${range}`,
  ),
  bad(
    service,
    '[192.0.2.0/24]',
    '[""]',
    'all',
    `stdin: Service shop/web: spec.loadBalancerSourceRanges[0]: found "", ${range}`,
  ),
  bad(
    service.replace('  loadBalancerSourceRanges: [192.0.2.0/24]\n', ''),
    'namespace: shop',
    'namespace: shop, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: "10.0.0.0/8,all"}',
    'all',
    `stdin: Service shop/web: metadata.annotations["service.beta.kubernetes.io/load-balancer-source-ranges"][1]: found "all", ${range}`,
  ),
  bad(
    service,
    'sessionAffinity: None',
    'sessionAffinity: Cookie',
    'all',
    'stdin: Service shop/web: spec.sessionAffinity: found "Cookie", expected None or ClientIP',
  ),
  bad(
    service,
    'sessionAffinity: None',
    'sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}',
    'all',
    'stdin: Service shop/web: spec.sessionAffinityConfig.clientIP.timeoutSeconds: found 86401, expected seconds from 1 to 86400',
  ),
  bad(
    service,
    'sessionAffinity: None',
    'externalTrafficPolicy: local',
    'all',
    'stdin: Service shop/web: spec.externalTrafficPolicy: found "local", expected Cluster or Local',
  ),
  bad(
    service,
    'sessionAffinity: None',
    'internalTrafficPolicy: [Local]',
    'all',
    'stdin: Service shop/web: spec.internalTrafficPolicy: found a list, expected Cluster or Local',
  ),
  bad(
    service,
    'name: web,',
    '',
    'nothing',
    'stdin: Service shop/(unnamed): metadata.name: found nothing, expected a name in lower-case letters, digits, "-" and "."',
  ),
  bad(
    service,
    'name: web,',
    'name: Web_1,',
    'nothing',
    `stdin: Service shop/Web_1: metadata.name: ${name}`,
  ),
  bad(
    service,
    'name: web,',
    'name: 80,',
    'nothing',
    'stdin: Service shop/(unnamed): metadata.name: found 80, expected a name in lower-case letters, digits, "-" and "."',
  ),
  bad(
    service,
    'namespace: shop',
    'namespace: "shop\\e[2J"',
    'nothing',
    'stdin: Service shop\\u001b[2J/web: metadata.namespace: found "shop\\u001b[2J", expected a name in lower-case letters, digits, "-" and "."',
  ),
  bad(
    service,
    'namespace: shop',
    'namespace: shop, creationTimestamp: yesterday',
    'all',
    'stdin: Service shop/web: metadata.creationTimestamp: found "yesterday", expected a time such as 2026-01-31T12:00:00Z',
  ),
  bad(
    service,
    service.slice(service.indexOf('spec:')),
    'spec:\n',
    'nothing',
    'stdin: Service shop/web: spec: found null, expected an object',
  ),
]

const endpoint = 'stdin: EndpointSlice shop/web-1: endpoints[0]'

const badSlices: readonly BadObject[] = [
  bad(
    slice,
    'addressType: IPv4',
    'addressType: IPv5',
    'nothing',
    'stdin: EndpointSlice shop/web-1: addressType: found "IPv5", expected IPv4, IPv6 or FQDN',
  ),
  bad(
    slice,
    'discovery.k8s.io/v1',
    'discovery.k8s.io/v1beta1',
    'nothing',
    'stdin: EndpointSlice shop/web-1: apiVersion: found "discovery.k8s.io/v1beta1", expected discovery.k8s.io/v1',
  ),
  bad(
    slice,
    ', labels: {kubernetes.io/service-name: web}',
    '',
    'nothing',
    'stdin: found 1 EndpointSlice without the label kubernetes.io/service-name, expected the name of a Service there; passed over',
  ),
  bad(
    slice,
    'service-name: web',
    'service-name: 7',
    'nothing',
    'stdin: EndpointSlice shop/web-1: metadata.labels["kubernetes.io/service-name"]: found 7, expected the name of a Service',
  ),
  bad(
    slice,
    '[10.244.1.10]',
    '[pod-a]',
    'all',
    `${endpoint}.addresses[0]: found "pod-a", ${address}`,
  ),
  bad(
    slice,
    '[10.244.1.10]',
    '["fd00::10"]',
    'all',
    `${endpoint}.addresses[0]: found "fd00::10", expected an IPv4 address`,
  ),
  bad(
    slice,
    '[10.244.1.10]',
    '[127.0.0.1]',
    'all',
    `${endpoint}.addresses[0]: found "127.0.0.1", ${special}`,
  ),
  bad(
    slice,
    '[10.244.1.10]',
    '[]',
    'all',
    `${endpoint}.addresses: found an empty list, expected a list of addresses`,
  ),
  bad(
    slice,
    'ready: true',
    'ready: "yes"',
    'all',
    `${endpoint}.conditions.ready: found "yes", expected true or false`,
  ),
  bad(
    slice,
    'nodeName: node-a',
    'nodeName: {}',
    'all',
    `${endpoint}.nodeName: found an object, expected text`,
  ),
  bad(
    slice,
    '[{name: zone-1}]',
    '[zone-1]',
    'all',
    'stdin: EndpointSlice shop/web-1: endpoints[1].hints.forZones[0]: found "zone-1", expected an object',
  ),
  bad(
    slice,
    'port: 8443',
    'port: -1',
    'all',
    `stdin: EndpointSlice shop/web-1: ports[1].port: found -1, ${port}`,
  ),
  bad(
    slice,
    'port: 8443',
    'port: null',
    'all',
    `stdin: EndpointSlice shop/web-1: ports[1].port: found null, ${port}; passed over`,
  ),
  bad(
    slice,
    'name: https',
    'name: http',
    'all',
    'stdin: EndpointSlice shop/web-1: ports[1].name: found "http", expected a name no other port of the slice has',
  ),
]

const badNodes: readonly BadObject[] = [
  bad(
    node,
    '[10.244.1.0/24]',
    '[10.244.1.0]',
    'all',
    `stdin: Node node-z: spec.podCIDRs[0]: found "10.244.1.0", ${range}`,
  ),
  bad(
    node,
    'address: 192.0.2.1',
    'address: null',
    'all',
    `stdin: Node node-z: status.addresses[0].address: found null, ${address}`,
    'stdin: Node node-z: status.addresses: found no InternalIP, expected one; NodePorts stay where they are programmed; new ones are served nowhere',
  ),
  bad(
    node,
    'name: node-z,',
    'name: [node-z],',
    'nothing',
    'stdin: Node (unnamed): metadata.name: found a list, expected a name in lower-case letters, digits, "-" and "."',
  ),
]

const badDocuments: readonly BadObject[] = [
  {
    title: 'a document that is a list',
    text: '- one\n- two\n',
    lines: ['stdin: found a list, expected a Kubernetes object'],
    left: 'nothing',
  },
  {
    title: 'a document that is a text',
    text: 'Error from server (Forbidden)\n',
    lines: ['stdin: found "Error from server (Forbidden)", expected a Kubernetes object'],
    left: 'nothing',
  },
  {
    title: 'an object without a kind',
    text: 'apiVersion: v1\nmetadata: {name: web}\n',
    lines: ['stdin: kind: found nothing, expected the kind of a Kubernetes object'],
    left: 'nothing',
  },
  {
    title: 'an object without an apiVersion',
    text: 'kind: Service\nmetadata: {name: web}\n',
    lines: [
      'stdin: Service default/web: apiVersion: found nothing, expected an API version such as v1',
    ],
    left: 'nothing',
  },
  {
    title: 'another kind of object',
    text: 'apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n',
    lines: [
      'stdin: found 1 object of kind Secret (v1), expected Service, EndpointSlice or Node; passed over',
    ],
    left: 'nothing',
  },
  {
    title: 'a Service of another group',
    text: 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n',
    lines: [
      'stdin: found 1 object of kind Service (serving.knative.dev/v1), expected Service, EndpointSlice or Node; passed over',
    ],
    left: 'nothing',
  },
  {
    title: 'a List whose items are no list',
    text: 'apiVersion: v1\nkind: List\nitems: {}\n',
    lines: ['stdin: items: found an object, expected a list'],
    left: 'nothing',
  },
  {
    title: 'YAML that does not parse',
    text: 'kind: Service\n  metadata: {\n',
    lines: [
      'stdin: line 6: found a syntax error (Nested mappings are not allowed in compact mappings), expected YAML',
    ],
    left: 'nothing',
  },
  {
    title: 'a quote that is never closed',
    text: 'kind: "Service\n',
    lines: ['stdin: line 6: found a syntax error (Missing closing "quote), expected YAML'],
    left: 'nothing',
  },
  {
    title: 'a key given twice',
    text: 'kind: Service\nkind: Node\n',
    lines: ['stdin: line 7: found a syntax error (Map keys must be unique), expected YAML'],
    left: 'nothing',
  },
]

export const badObjects: readonly BadObject[] = [
  ...badServices,
  ...badSlices,
  ...badNodes,
  ...badDocuments,
]
