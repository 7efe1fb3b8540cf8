import { expect, test } from 'vitest'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { difference } from '../../src/dataplane/difference.ts'
import { renderBesideIpvs } from '../../src/dataplane/ipvs/state.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { type Backend, nftablesBackend } from '../../src/model/backend.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import { allAtOnce } from '../../src/model/steps.ts'
import { renderCluster } from '../../src/render/render.ts'
import { holding } from '../support/kernel-model.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

// What the kernel has of a Service stays as a whole where it can be read only in part.

const ipvs: Backend = { kind: 'ipvs', ...defaultIpvsSettings }
const iptables: Backend = { kind: 'iptables', flavour: 'auto', loopbackNodePorts: [] }

function goalOf(backend: Backend, pods: readonly string[], ports = [80]): Goal {
  const services = [
    shopService('web', {
      clusterAddresses: ['10.96.0.10' as Address],
      ports: ports.map((port) => ({
        name: '',
        protocol: 'tcp',
        port: port as Port,
        nodePort: undefined,
      })),
    }),
  ]
  const cluster = { services, slices: [shopSlice('web', pods)] }
  return { cluster, node: shopNode, settings: { ...shopSettings, backend } }
}

function partly({ cluster, ...goal }: Goal): Goal {
  const services = cluster.services.map((each) => ({ ...each, partial: true as const }))
  return { ...goal, cluster: { ...cluster, services }, unreadable: new Set(['shop/web']) }
}

test.each([nftablesBackend, iptables, ipvs])(
  'no operation is proposed for it ($kind)',
  (backend) => {
    const old = goalOf(backend, ['10.244.1.1', '10.244.1.2'])
    const now = partly(goalOf(backend, ['10.244.1.3', '10.244.1.2'], [80, 81]))
    // Its new pods may come to what Services share: those that reach themselves.
    const operations = [...difference(old, now).operations].filter(({ owner }) => owner)
    expect(operations.map(({ text }) => text)).toEqual([])
  },
)

test('its virtual servers keep their destinations, whatever becomes of its endpoints', () => {
  const old = goalOf(ipvs, ['10.244.1.1', '10.244.1.2'])
  const held = renderCluster(old.cluster, old.node, old.settings).ipvs()
  if (held === undefined) throw new Error('not ipvs')
  const found = {
    ipvs: { ...held, dummy: true, timeouts: undefined },
    unmarked: false,
    localAddresses: [],
  }
  const now = partly(goalOf(ipvs, ['10.244.1.3', '10.244.1.2'], [80, 81]))
  const renderer = allAtOnce(renderBesideIpvs(now, holding(held.filter), found))
  expect(renderer.ipvs()?.servers).toEqual(held.servers)
  renderer.setSlice(shopSlice('web', ['10.244.1.4', '10.244.1.5', '10.244.1.6']))
  expect(renderer.takeChanges().ipvs).toEqual([])
  expect(renderer.ipvs()?.servers).toEqual(held.servers)
  renderer.readmit('shop/web')
  renderer.takeChanges()
  const wanted = goalOf(ipvs, ['10.244.1.4', '10.244.1.5', '10.244.1.6'], [80, 81])
  const free = renderCluster(wanted.cluster, wanted.node, wanted.settings).ipvs()
  expect(renderer.ipvs()?.servers).toEqual(free?.servers)
})

test.each([nftablesBackend, iptables, ipvs])('its address stays with it ($kind)', (backend) => {
  const old = goalOf(backend, ['10.244.1.1'])
  const api = shopService('api')
  const cluster = { services: [api], slices: [shopSlice('api', ['10.244.1.2'])] }
  const now = { ...old, cluster, unreadable: new Set(['shop/web']) }
  const operations = [...difference(old, now).operations].filter(({ owner }) => owner)
  expect(operations.map(({ text }) => text)).toEqual([])
})
