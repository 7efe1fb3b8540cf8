import { expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { demandOf } from '../../src/plan/demand.ts'
import { shopNode, shopService, shopSettings } from '../support/shop.ts'

const nodePort = (port: number, node: number) => ({
  name: `p${port}`,
  protocol: 'tcp' as const,
  port: port as Port,
  nodePort: node as Port,
})

test('the machine is asked for the ports, addresses and families that Services have', () => {
  const web = shopService('web', {
    clusterAddresses: ['10.96.0.1' as Address],
    ports: [nodePort(80, 30_900), nodePort(443, 30_080)],
  })
  const api = shopService('api', {
    clusterAddresses: ['fd00:10:96::2' as Address],
    externalAddresses: ['203.0.113.10' as Address, '203.0.113.11' as Address],
    loadBalancerAddresses: [],
  })
  const situation = { node: shopNode, settings: shopSettings }
  expect(demandOf(situation, { services: [web, api], slices: [] })).toEqual({
    settings: shopSettings,
    families: ['ipv4', 'ipv6'],
    podRanges: shopNode.podCidrs,
    nodePorts: [30_080, 30_900],
    addresses: ['203.0.113.10', '203.0.113.11'],
  })
})

test.each<[string, Parameters<typeof demandOf>[0]['settings']['localTraffic'], readonly string[]]>([
  [
    'those that the configuration names',
    { kind: 'ranges', ranges: ['10.9.0.0/16' as Cidr] },
    ['10.9.0.0/16'],
  ],
  [
    "the Node's, where an interface tells pods apart",
    { kind: 'interface', name: 'cni0' },
    ['10.244.1.0/24'],
  ],
])('the ranges of pods are %s', (_, localTraffic, ranges) => {
  const situation = { node: shopNode, settings: { ...shopSettings, localTraffic } }
  expect(demandOf(situation, { services: [], slices: [] }).podRanges).toEqual(ranges)
})
