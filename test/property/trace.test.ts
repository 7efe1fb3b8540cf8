import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Address, type Cidr, familyOf, type Port } from '../../src/model/address.ts'
import type { Cluster } from '../../src/model/service.ts'
import { plan } from '../../src/plan/plan.ts'
import { kernelMemory } from '../../src/render/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Ruleset } from '../../src/ruleset/types.ts'
import { type Reading, read } from '../../src/trace/outcome.ts'
import { type Clients, type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'
import type { WalkedRuleset } from '../../src/trace/state.ts'
import { type Path, type Trace, trace } from '../../src/trace/trace.ts'
import { kernelModel } from '../support/kernel-model.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'
import { type Demand, demandOf, type World } from '../support/service-semantics.ts'

const CLUSTERS = 2_000

const facts: NodeFacts = {
  // One of them, 203.0.113.1, is a load-balancer address that sits on the node.
  addresses: new Set([
    ...node.addresses,
    '198.51.100.1',
    '10.244.1.254',
    '203.0.113.1',
    '2001:db8:100::1',
  ]),
  routes: [
    route('10.244.1.0/24', 'cni0', '10.244.1.254'),
    route('fd00:10:244:1::/64', 'cni0', 'fd00:10:244:1::fe'),
    route('0.0.0.0/0', 'eth0', '192.0.2.1'),
    route('::/0', 'eth0', '2001:db8:1::1'),
  ],
}

function route(to: string, device: string, address: string): NodeFacts['routes'][number] {
  return { to: to as Cidr, interface: device, address: address as Address }
}

const V4 = {
  from: [
    ...['192.0.2.7', '192.0.2.1', '198.51.100.7', '198.51.100.1', '203.0.113.1', '10.1.2.3'],
    ...['10.244.1.1', '10.244.1.2', '10.244.1.4', '10.244.2.1', '127.0.0.1'],
  ],
  to: [
    ...['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5'],
    ...['10.96.0.1', '10.96.0.2', '10.96.0.3', '10.96.0.4', '10.96.0.9'],
    ...['192.0.2.1', '198.51.100.1', '10.244.1.2', '127.0.0.1'],
  ],
}

const V6 = {
  from: [
    ...['2001:db8:1::7', '2001:db8:1::1', '2001:db9::7', '2001:db8:100::1'],
    ...['fd00:10:244:1::1', 'fd00:10:244:1::2', 'fd00:10:244:2::1', '::1'],
  ],
  to: [
    ...['2001:db8:100::1', '2001:db8:100::2', '2001:db8:100::3', '2001:db8:100::4'],
    ...['fd00:10:96::1', 'fd00:10:96::2', 'fd00:10:96::3', 'fd00:10:96::9'],
    ...['2001:db8:1::1', 'fd00:10:244:1::2', '::1'],
  ],
}

const packet: fc.Arbitrary<Packet> = fc
  .constantFrom(V4, V6)
  .chain(({ from, to }) =>
    fc.record({
      from: fc.constantFrom(...from),
      to: fc.constantFrom(...to),
      protocol: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'sctp', 'icmp'),
      port: fc.constantFrom(80, 80, 443, 53, 22, 30000, 30001, 30010, 30020),
    }),
  )
  .map(({ from, to, protocol, port }) => ({
    from: from as Address,
    to: to as Address,
    protocol: protocol as Packet['protocol'],
    port: protocol === 'icmp' ? undefined : (port as Port),
    origin: originOf(from as Address, facts),
  }))

/** The same packet to an address and port of one of the Services. */
function aimed(sent: Packet, { services }: Cluster, lot: number): Packet {
  const service = services[lot % services.length]
  const port = service?.ports[(lot >> 4) % service.ports.length]
  const addresses = [service?.clusterAddresses, service?.loadBalancerAddresses]
    .flatMap((each) => each ?? [])
    .filter((address) => familyOf(address) === familyOf(sent.from))
  const to = addresses[(lot >> 8) % addresses.length]
  if (port === undefined || to === undefined) return sent
  return { ...sent, to, protocol: port.protocol, port: port.port }
}

/** The configuration refuses the other combination: what answers for ClusterIPs cannot lead there. */
const possible = settings.map((each) =>
  each.scope === 'all' ? { ...each, target: 'pods' as const } : each,
)

/** As a plain reading speaks: each endpoint with its odds. */
type Answer =
  | { readonly kind: 'dropped' | 'refused' | 'untouched' }
  | { readonly kind: 'delivered'; readonly to: readonly string[] }

function demanded(world: World, sent: Packet): Answer {
  const demand: Demand = demandOf(world, sent)
  if (demand.kind !== 'delivered') return demand
  const odds = 1 / demand.to.length
  return {
    kind: 'delivered',
    to: demand.to.map(({ address, port, sees }) => `${address} ${port} ${sees} ${odds}`).sort(),
  }
}

function traced(found: Trace, ruleset: WalkedRuleset): Answer {
  const readings = found.paths.map((path) => ({
    odds: path.odds,
    outcome: read(found, path, ruleset).outcome,
  }))
  const kinds = new Set(readings.map(({ outcome }) => outcome.kind))
  expect(kinds.size).toBe(1)
  const to = readings.flatMap(({ odds, outcome }) =>
    outcome.kind === 'delivered'
      ? [`${outcome.address} ${outcome.port} ${outcome.source.kind} ${odds}`]
      : [],
  )
  const [kind] = kinds
  return kind === 'delivered' || kind === undefined
    ? { kind: 'delivered', to: to.sort() }
    : { kind }
}

test(`${CLUSTERS} random clusters: the rules do with random packets what the objects demand`, () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      cluster,
      possible,
      fc.array(fc.tuple(packet, fc.nat()), { minLength: 20, maxLength: 20 }),
      (each, chosen, packets) => {
        const world: World = { cluster: each, node, settings: chosen, own: facts.addresses }
        const ruleset = renderCluster(each, node, chosen).ruleset()
        for (const [random, lot] of packets) {
          const sent = lot % 2 === 0 ? random : aimed(random, each, lot >> 1)
          const found = trace(ruleset, sent, facts)
          expect(traced(found, ruleset), JSON.stringify(sent)).toEqual(demanded(world, sent))
          expect(found.doubts).toEqual([])
          for (const path of found.paths) seen.add(told(read(found, path, ruleset)))
        }
      },
    ),
    { numRuns: CLUSTERS },
  )
  expect([...seen].sort()).toEqual(EVERYTHING)
})

/** An outcome with its reason. */
function told({ outcome }: Reading): string {
  if (outcome.kind === 'delivered') return `${outcome.source.kind}: ${outcome.source.why}`
  return outcome.kind === 'untouched' ? outcome.kind : `${outcome.kind}: ${outcome.why}`
}

/** What random packets meet; no drop and no reject without its reason is among them. */
const EVERYTHING = [
  'client: from-pods',
  'client: pods-not-known',
  'client: policy-local',
  'dropped: no-local-endpoints',
  'dropped: source-not-listed',
  'dropped: unallocated-address',
  'node: from-this-node',
  'node: hairpin',
  'node: masquerade-all',
  'node: not-from-pods',
  'node: policy-cluster',
  'refused: no-endpoints',
  'refused: undefined-port',
  'untouched',
]

/** All Services sticky, or all that the second cluster still has; endpoints come and go. */
const stickyClusters = fc
  .tuple(cluster, cluster, fc.boolean())
  .map(([before, after, same]): readonly [Cluster, Cluster] => {
    const sticky = (services: Cluster['services']): Cluster['services'] =>
      services.map((each) => ({ ...each, affinity: { kind: 'client-ip', seconds: 60 } }))
    const services = sticky(before.services)
    return [
      { ...before, services },
      { ...after, services: same ? services : after.services },
    ]
  })

test('a client with affinity stays with its endpoint while that may serve it, whatever changes', () => {
  let stayed = 0
  fc.assert(
    fc.property(
      stickyClusters,
      possible,
      fc.array(fc.tuple(packet, fc.nat()), { minLength: 10, maxLength: 10 }),
      ([before, after], chosen, packets) => {
        const first = renderCluster(before, node, chosen).ruleset()
        const kernel = kernelModel()
        kernel.apply(plan({}, first))
        const second = renderCluster(after, node, chosen, kernelMemory(kernel.ruleset())).ruleset()
        const world: World = { cluster: after, node, settings: chosen, own: facts.addresses }
        for (const [random, lot] of packets) {
          const sent = aimed(random, before, lot)
          const ways = trace(first, sent, facts).paths
          const way = ways[lot % ways.length]
          const demand = demandOf(world, sent)
          if (demand.kind !== 'delivered') continue
          const may = demand.to.map(({ address, port }) => `${address} ${port}`)
          const clients = kept(way?.state.clients, second)
          const again = trace(second, sent, facts, clients).paths.map(endpointOf)
          if (isRemembered(way) && demand.sticky && may.includes(endpointOf(way))) {
            expect(again).toEqual([endpointOf(way)])
            stayed += 1
          } else expect(again.filter((each) => !may.includes(each))).toEqual([])
        }
      },
    ),
    { numRuns: CLUSTERS },
  )
  expect(stayed).toBeGreaterThan(CLUSTERS / 20)
})

function isRemembered(path: Path | undefined): boolean {
  return [...(path?.state.clients.values() ?? [])].some(({ size }) => size > 0)
}

function endpointOf(path: Path | undefined): string {
  return `${path?.state.destination} ${path?.state.port}`
}

/** A set that goes takes along who is in it. */
function kept(clients: Clients = new Map(), ruleset: Ruleset): Clients {
  const sets = [...(ruleset.ip?.sets.keys() ?? []), ...(ruleset.ip6?.sets.keys() ?? [])]
  return new Map([...clients].filter(([set]) => sets.includes(set)))
}
