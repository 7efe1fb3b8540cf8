import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimsWithin } from '../../src/frontend/claim-rules.ts'
import { nodePortAddresses } from '../../src/frontend/node-ports.ts'
import { type Address, familyOf, type IpFamily, type Port } from '../../src/model/address.ts'
import { frontendText, nodePortKey, vipKey } from '../../src/model/frontend-id.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { serviceName } from '../../src/model/service-name.ts'
import { heldPorts, isEndpoint, type Listener } from '../../src/plan/held-ports.ts'
import { renderChains } from '../../src/render/iptables/render.ts'
import { renderCluster } from '../../src/render/render.ts'
import { ServedServices } from '../../src/render/served-services.ts'
import {
  node,
  cluster as someCluster,
  settings as someSettings,
} from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

type Here = Parameters<typeof heldPorts>[1]
type Served = Pick<Here, 'labelAt' | 'nameOf'>

const BOTH: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Also one that the Node does not name. */
const OWN = [...node.addresses, '198.51.100.7' as Address]

function listener(port: number, fields: Partial<Listener> = {}): Listener {
  return { protocol: 'tcp', port, address: undefined, families: BOTH, inode: 7, ...fields }
}

const BACKENDS: Readonly<
  Record<'nftables' | 'iptables', (...goal: readonly [Cluster, NodeView, Settings]) => Served>
> = {
  nftables(...goal) {
    const renderer = renderCluster(...goal)
    return {
      labelAt: (family, id) => renderer.label(family, id),
      nameOf: (owner) => renderer.nameOf(owner),
    }
  },
  iptables(...goal) {
    const { lowering, services } = renderChains(...goal)
    return {
      labelAt: (family, id) => lowering.label(family, id),
      nameOf: (owner) => services.nameOf(owner),
    }
  },
}

/** Says the same of each packet that a listener waits for: which Service gets it. */
function expected(
  { services, slices }: Cluster,
  situation: { readonly node: NodeView; readonly settings: Settings },
  listeners: readonly Listener[],
): readonly string[] {
  const served = new ServedServices(situation, claimsWithin)
  for (const service of services) served.setService(service)
  for (const slice of slices) served.setSlice(slice)
  const owners = new Map<string, string>()
  for (const { name, served: each } of served.takeDue()) {
    for (const { id, family, kind } of each?.frontends ?? []) {
      owners.set(`${family} ${id}`, kind === 'cluster-ip' ? '' : name)
    }
  }
  const local = nodePortAddresses(situation.settings, { ...situation.node, localAddresses: OWN })
  const found = new Set<string>()
  for (const { protocol, port, address, families } of listeners) {
    for (const to of address === undefined ? OWN : [address]) {
      if (!families.includes(familyOf(to))) continue
      const vip = vipKey(to, protocol, port)
      const nodePort = nodePortKey(protocol, port)
      const atVip = owners.get(`${familyOf(to)} ${vip}`)
      const atPort = local.includes(to) ? owners.get(`${familyOf(to)} ${nodePort}`) : undefined
      const isMeant = address !== undefined || situation.node.addresses.includes(to)
      if (atVip !== undefined) {
        if (atVip !== '' && isMeant) found.add(`${atVip} ${frontendText(vip)}`)
      } else if (atPort !== undefined) found.add(`${atPort} ${frontendText(nodePort)}`)
    }
  }
  return [...found].sort()
}

/** Listens where random clusters serve, and beside it. */
const someListener = (cluster: Cluster): fc.Arbitrary<Listener> => {
  const ports = cluster.services.flatMap(({ ports }) =>
    ports.flatMap(({ port, nodePort }) => [port, nodePort ?? port]),
  )
  const bound = fc.constantFrom(
    ...OWN,
    ...cluster.services.flatMap((each) => each.loadBalancerAddresses),
    ...cluster.services.flatMap((each) => each.clusterAddresses),
  )
  return fc
    .record({
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      port: fc.constantFrom(...ports, 22),
      address: fc.option(bound, { nil: undefined }),
      all: fc.constantFrom<(readonly IpFamily[])[]>(BOTH, ['ipv4'], ['ipv6']),
    })
    .map(({ all, ...rest }) => {
      const families = rest.address === undefined ? all : [familyOf(rest.address)]
      return listener(rest.port, { ...rest, families })
    })
}

/** On addresses of the node as often as elsewhere, as with k3s ServiceLB. */
const onNode = (cluster: Cluster): Cluster => ({
  ...cluster,
  services: cluster.services.map((service, at) =>
    at % 2 === 0 ? { ...service, loadBalancerAddresses: node.addresses } : service,
  ),
})

test.each(['nftables', 'iptables'] as const)(
  'held is each port whose packets a Service gets in place of a listener (%s)',
  (backend) => {
    const seen = { held: 0, free: 0 }
    fc.assert(
      fc.property(
        someCluster.map(onNode).chain((cluster) =>
          fc.record({
            cluster: fc.constant(cluster),
            settings: someSettings,
            listeners: fc.array(someListener(cluster), { maxLength: 12 }),
          }),
        ),
        ({ cluster, settings, listeners }) => {
          const found = heldPorts(listeners, {
            ...BACKENDS[backend](cluster, node, settings),
            nodeAddresses: node.addresses,
            nodePortAddresses: nodePortAddresses(settings, { ...node, localAddresses: OWN }),
            belongs: () => false,
          })
          const told = [...found].flatMap(([name, ports]) => ports.map((port) => `${name} ${port}`))
          seen[told.length > 0 ? 'held' : 'free']++
          expect(told.sort()).toEqual(expected(cluster, { node, settings }, listeners))
        },
      ),
      { numRuns: runs(300) },
    )
    expect(Math.min(seen.held, seen.free)).toBeGreaterThan(0)
  },
)

const web = shopService('web', {
  clusterAddresses: ['10.96.0.10' as Address],
  loadBalancerAddresses: shopNode.addresses,
  ports: [{ name: '', protocol: 'tcp', port: 80 as Port, nodePort: 30_080 as Port }],
})
const shop: Cluster = { services: [web], slices: [shopSlice('web', ['10.244.1.10'])] }

function heldInShop(
  listeners: readonly Listener[],
  belongs: Here['belongs'] = () => false,
  settings = shopSettings,
) {
  const own = shopNode.addresses
  const served = BACKENDS.nftables(shop, shopNode, settings)
  return heldPorts(listeners, { ...served, nodePortAddresses: own, nodeAddresses: own, belongs })
}

const name = serviceName(web)

test('ipvs has a virtual server for each address of a NodePort', () => {
  const backend = { kind: 'ipvs' as const, ...defaultIpvsSettings }
  const settings = { ...shopSettings, backend }
  const held = heldInShop([listener(80), listener(30_080)], undefined, settings)
  expect(held).toEqual(new Map([[name, ['192.0.2.1:30080/tcp', '192.0.2.1:80/tcp']]]))
})

test('an address that is there for a Service alone is asked for by who is bound to it', () => {
  const virtual = '192.0.2.200' as Address
  const cluster = { ...shop, services: [{ ...web, loadBalancerAddresses: [virtual] }] }
  const here = {
    ...BACKENDS.nftables(cluster, shopNode, shopSettings),
    ...{ nodeAddresses: shopNode.addresses, belongs: () => false },
    nodePortAddresses: [...shopNode.addresses, virtual],
  }
  expect(heldPorts([listener(80)], here).size).toBe(0)
  const bound = listener(80, { address: virtual, families: ['ipv4'] })
  expect(heldPorts([bound], here)).toEqual(new Map([[name, ['192.0.2.200:80/tcp']]]))
})

test('each port is told once, however many sockets share it', () => {
  const shared = listener(80, { address: shopNode.addresses[0], families: ['ipv4'] })
  const held = heldInShop([listener(30_080), shared, shared, listener(80)])
  expect(held).toEqual(new Map([[name, ['*:30080/tcp', '192.0.2.1:80/tcp']]]))
})

test('what belongs to nodelb or to the Service holds nothing, and others beside it do', () => {
  const asked: number[] = []
  const held = heldInShop([listener(80, { inode: 1 }), listener(22, { inode: 2 })], ({ inode }) => {
    asked.push(inode)
    return true
  })
  expect(held.size).toBe(0)
  expect(asked, 'only about a port that is served').toEqual([1])
  const both = [listener(80, { inode: 1 }), listener(80, { inode: 2 })]
  expect(heldInShop(both, ({ inode }) => inode === 1).size).toBe(1)
})

describe('an endpoint', () => {
  const slice = shopSlice('web', ['192.0.2.1'])
  test.each<[string, Listener, boolean]>([
    ['on all addresses', listener(8080), true],
    ['on its own address', listener(8080, { address: '192.0.2.1' as Address }), true],
    ['on another address', listener(8080, { address: '192.0.2.9' as Address }), false],
    ['on another port', listener(80), false],
    ['of another protocol', listener(8080, { protocol: 'udp' }), false],
    ['of the other family', listener(8080, { families: ['ipv6'] }), false],
  ])('%s', (_, socket, isOne) => {
    expect(isEndpoint(socket, [slice], shopNode.addresses)).toBe(isOne)
  })

  test('of another node is none', () => {
    const elsewhere = shopSlice('web', ['192.0.2.2'])
    expect(isEndpoint(listener(8080), [elsewhere], shopNode.addresses)).toBe(false)
  })
})
