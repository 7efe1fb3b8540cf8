import { advertisement, bgpNode, bgpPeer, bgpService, pool } from '../../support/bgp-objects.ts'
import type { Api } from './api.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects as manifests have them
type Manifest = any

/** Where MetalLB's kinds are, by namespace and name. */
export const METALLB = '/apis/metallb.io/v1beta1/namespaces'
export const BGP_PEERS = '/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers'
export const SHOP_SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'

/** What the Pod of the agent gives it. */
export function inPod(command: readonly string[]): readonly string[] {
  return ['env', 'POD_NAMESPACE=kube-system', 'POD_NAME=nodelb-x', 'POD_UID=uid-1', ...command]
}

/** Makes one Node, a pool, a BGPPeer with these fields, an advertisement, and a Service with an endpoint. */
export async function placeBgp(admin: Api, peer: object = {}): Promise<void> {
  for (const name of ['shop', 'metallb-system']) {
    await admin.call('POST', '/api/v1/namespaces', { metadata: { name } })
  }
  const node = bgpNode() as Manifest
  await admin.call('POST', '/api/v1/nodes', { metadata: node.metadata })
  await admin.call('PATCH', '/api/v1/nodes/n1/status', { status: node.status })
  const vips = pool('vips', ['198.51.100.0/24'])
  await admin.call('POST', `${METALLB}/metallb-system/ipaddresspools`, vips)
  await admin.call('POST', BGP_PEERS, bgpPeer('tor', peer))
  await admin.call('POST', `${METALLB}/metallb-system/bgpadvertisements`, advertisement('all'))
  const [service, slice] = bgpService('web', '198.51.100.10') as Manifest[]
  const { clusterIP, clusterIPs, ...spec } = service.spec
  const path = '/api/v1/namespaces/shop/services'
  await admin.call('POST', path, { metadata: { name: 'web' }, spec })
  await admin.call('PATCH', `${path}/web/status`, { status: service.status })
  await admin.call('POST', SHOP_SLICES, slice)
}
