import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import { FrrLab } from '../support/frr.ts'

let lan: BgpLan
let other: FrrLab | undefined
afterEach(async () => {
  await other?.remove()
  await lan?.remove()
})

const VIP = '198.51.100.10/32'

/** A Service with policy Local, and so many endpoints on the Node n1. */
function web(count: number): readonly object[] {
  const [service, slice] = bgpService('web', '198.51.100.10') as Record<string, object>[]
  const endpoints = Array.from({ length: count }, (_, i) => {
    return { addresses: [`10.244.0.${i + 1}`], nodeName: 'n1', conditions: { ready: true } }
  })
  const spec = { ...service?.['spec'], externalTrafficPolicy: 'Local' }
  return [
    { ...service, spec },
    { ...slice, endpoints },
  ]
}

/** A second node, of which FRR says that it has one endpoint. */
async function secondNode(): Promise<FrrLab> {
  const node = await FrrLab.start('bgpd')
  const { namespace } = lan.router
  await node.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'eth1', 'netns', namespace)
  await node.ip('address', 'add', '10.0.1.1/24', 'dev', 'eth0')
  await node.ip('link', 'set', 'eth0', 'up')
  await lan.router.ip('address', 'add', '10.0.1.254/24', 'dev', 'eth1')
  await lan.router.ip('link', 'set', 'eth1', 'up')
  await lan.router.tell(
    'bgpd',
    // What the daemons of the tests are started with keeps routes out of the kernel.
    ...['configure terminal', 'no bgp no-rib', 'router bgp 65000'],
    ...['neighbor 10.0.1.1 remote-as 64501', 'neighbor 10.0.1.1 passive', 'end'],
  )
  await node.tell(
    'bgpd',
    ...['configure terminal', 'route-map out permit 1', 'set extcommunity bandwidth 1', 'exit'],
    ...['router bgp 64501', 'bgp router-id 10.0.1.1', 'no bgp network import-check'],
    ...['neighbor 10.0.1.254 remote-as 65000', 'neighbor 10.0.1.254 timers connect 1'],
    ...['address-family ipv4 unicast', `network ${VIP}`, 'neighbor 10.0.1.254 route-map out out'],
    'end',
  )
  return node
}

/** Returns the weights of the router's next hops, as its kernel has them. */
async function shares(): Promise<Readonly<Record<string, number>>> {
  const args = ['-n', lan.router.namespace, '-j', 'route', 'show', VIP]
  const [route] = JSON.parse((await execa('ip', args)).stdout || '[]')
  const hops: readonly { gateway: string; weight: number }[] = route?.nexthops ?? []
  return Object.fromEntries(hops.map(({ gateway, weight }) => [gateway, weight]))
}

/** Resolves when the router sends the Node so many times as much as the other one; its versions scale weights. */
async function shared(times: number): Promise<void> {
  let found: Readonly<Record<string, number>> = {}
  await eventually(
    async () => {
      found = await shares()
      const [mine, others] = [found[NODE] ?? 0, found['10.0.1.1'] ?? Number.NaN]
      return mine > 1 && Math.round((10 * mine) / others) === 10 * times
    },
    { late: () => `the router has the shares ${JSON.stringify(found)}` },
  )
}

test('a router sends each Node a share of the traffic that follows its endpoints', async () => {
  lan = await BgpLan.build({ settings: { weightByEndpoints: true } })
  other = await secondNode()
  const plain = [bgpPeer('tor'), advertisement('all')]
  lan.write(bgpCluster(plain, web(3)))
  await lan.start()
  await lan.until(VIP)
  await shared(3)
  const before = await lan.counters()
  lan.write(bgpCluster(plain, web(1)))
  await shared(1)
  lan.configure({ weightByEndpoints: false })
  // One route without a weight, and the router shares evenly.
  await eventually(async () => Object.values(await shares()).every((weight) => weight === 1))
  expect(await lan.counters()).toEqual(before)
  expect(await lan.prefixes()).toEqual([VIP])
})
