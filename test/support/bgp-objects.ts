/** Objects of a cluster of one Node that announces by BGP, as manifests have them. */

const NAMESPACE = 'metallb-system'

function metallb(kind: string, name: string, spec: object, version = 'v1beta1'): object {
  const metadata = { namespace: NAMESPACE, name }
  return { apiVersion: `metallb.io/${version}`, kind, metadata, spec }
}

export function bgpNode(spec: object = {}, labels: object = {}): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels }, spec },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  }
}

export function bgpPeer(name: string, spec: object = {}): object {
  const usual = { myASN: 64501, peerASN: 65000, peerAddress: '10.0.0.254', connectTime: '1s' }
  return metallb('BGPPeer', name, { ...usual, ...spec }, 'v1beta2')
}

export function advertisement(name: string, spec: object = {}): object {
  return metallb('BGPAdvertisement', name, spec)
}

export function bfdProfile(name: string, spec: object = {}): object {
  return metallb('BFDProfile', name, spec)
}

export function pool(name: string, addresses: readonly string[]): object {
  return metallb('IPAddressPool', name, { addresses })
}

export function secret(name: string, password: string): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth' },
    metadata: { namespace: NAMESPACE, name },
    stringData: { password },
  }
}

/** A Service with an address, and an endpoint, which is ready unless told otherwise. */
export function bgpService(
  name: string,
  address: string,
  labels: object = {},
  isReady: boolean = true,
): readonly object[] {
  const isSix = address.includes(':')
  const [last, third] = address.split(/[.:]/).toReversed()
  const clusterIP = isSix ? `fd00:10:96::${last}` : `10.96.${third}.${last}`
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Service' },
      metadata: {
        ...{ namespace: 'shop', name, labels },
        annotations: { 'metallb.io/loadBalancerIPs': address },
      },
      spec: {
        ...{ type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080 }] },
        ...{ clusterIP, clusterIPs: [clusterIP], ipFamilies: [isSix ? 'IPv6' : 'IPv4'] },
      },
      status: { loadBalancer: { ingress: [{ ip: address }] } },
    },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
      addressType: isSix ? 'IPv6' : 'IPv4',
      metadata: {
        ...{ namespace: 'shop', name: `${name}-1` },
        labels: { 'kubernetes.io/service-name': name },
      },
      ports: [{ port: 8080 }],
      endpoints: [
        {
          ...{ addresses: [isSix ? 'fd00:10:244::10' : '10.244.0.10'], nodeName: 'n1' },
          conditions: { ready: isReady },
        },
      ],
    },
  ]
}

/** The address of one of many Services, by its number from 0. */
export function bgpAddress(service: number): string {
  return `100.64.${service >> 8}.${service & 255}`
}

/** The pool with these addresses, and so many Services. */
export function manyServices(count: number): readonly object[] {
  return [
    pool('many', ['100.64.0.0/16']),
    ...Array.from({ length: count }, (_, at) => bgpService(`many-${at}`, bgpAddress(at))).flat(),
  ]
}

/** What all have: the Node, a pool, a peer, and an advertisement for everything. */
export function bgpCluster(...more: readonly (object | readonly object[])[]): readonly object[] {
  const vips = pool('vips', ['198.51.100.0/24', '2001:db8::/112'])
  return [bgpNode(), vips, ...more.flat()]
}
