import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Address,
  type Cidr,
  familyOf,
  type IpFamily,
  type Port,
  type Protocol,
} from '../../src/model/address.ts'
import type { Cluster } from '../../src/model/service.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { type Path, trace } from '../../src/trace/iptables/trace.ts'
import { type Clients, originOf, type Packet } from '../../src/trace/packet.ts'
import { chainsFor } from '../support/chains.ts'
import { iptablesModel } from '../support/iptables-model.ts'
import { planIptables } from '../support/plan-iptables.ts'
import { cluster, node, service, stickyClusters } from '../support/random-cluster.ts'
import { aimed, facts, packet, possible, view, vrfFacts } from '../support/random-packets.ts'
import { runs } from '../support/runs.ts'
import { demandOf, type World } from '../support/service-semantics.ts'
import { type Followed, iptablesWalker, walker } from '../support/traced-backends.ts'

const CLUSTERS = runs(2_000)

const nodeFacts = fc.constantFrom(facts, vrfFacts)

const packets = (count: number) =>
  fc.array(fc.tuple(packet, fc.nat()), { minLength: count, maxLength: count })

test(`${CLUSTERS} random clusters: iptables does with random packets what nftables does, and says why in the same words`, () => {
  fc.assert(
    fc.property(cluster, possible, packets(20), nodeFacts, (each, chosen, sent, facts) => {
      const nftables = walker(renderCluster(each, node, chosen).ruleset())
      const iptables = iptablesWalker(chainsFor(each, node, chosen))
      for (const [random, lot] of sent) {
        const one = lot % 2 === 0 ? random : aimed(random, each, lot >> 1)
        const found = iptables.follow(one, facts)
        expect(found.doubts).toEqual([])
        expect(told(found), JSON.stringify(one)).toEqual(told(nftables.follow(one, facts)))
      }
    }),
    { numRuns: CLUSTERS },
  )
})

/** Every way with its odds and its reasons; iptables counts in parts of 2^31. */
function told({ ways }: Followed): readonly string[] {
  return ways
    .map(({ odds, reading }) => {
      const besides = [...reading.besides].sort()
      return JSON.stringify({ odds: odds.toFixed(9), ...reading, besides })
    })
    .sort()
}

test('a node port that takes the packets of an address without endpoints is what they met', () => {
  fc.assert(
    fc.property(service, service, possible, packets(1), (one, other, chosen, [sent]) => {
      const ports = [{ name: 'p80', protocol: 'tcp' as const, port: 30_000 as Port }]
      const nodePort = 30_000 as Port
      const each: Cluster = {
        services: [
          {
            ...one,
            namespace: 'default',
            name: 'service-0',
            ports: ports.map((port) => ({ ...port, nodePort })),
          },
          // The node has this address. Nothing serves it, and not every source may go there.
          {
            ...other,
            name: 'none',
            sourceRanges: ['192.0.2.0/24', '2001:db8::/32'] as Cidr[],
            clusterAddresses: [],
            externalAddresses: [],
            loadBalancerAddresses: ['203.0.113.1', '2001:db8:100::1'] as Address[],
            ports: ports.map((port) => ({ ...port, nodePort: undefined })),
          },
        ],
        slices: slicesOf(0),
      }
      const packet = aimed(sent?.[0] as Packet, { ...each, services: each.services.slice(1) }, 0)
      const found = told(iptablesWalker(chainsFor(each, node, chosen)).follow(packet, facts))
      const tables = walker(renderCluster(each, node, chosen).ruleset())
      expect(found).toEqual(told(tables.follow(packet, facts)))
    }),
    { numRuns: CLUSTERS },
  )
})

test('so it does where there are many Services: every tree of chains has branches', () => {
  fc.assert(
    fc.property(manyServices, possible, (each, chosen) => {
      const nftables = walker(renderCluster(each, node, chosen).ruleset())
      const iptables = iptablesWalker(chainsFor(each, node, chosen))
      for (const one of each.services.flatMap(packetsAbout)) {
        const found = told(iptables.follow(one, facts))
        expect(found, JSON.stringify(one)).toEqual(told(nftables.follow(one, facts)))
      }
    }),
    // Shrinking so much takes too long.
    { numRuns: 5, endOnFailure: true },
  )
})

const MANY = 80

/** Like those of random clusters, at addresses and with pods of their own. */
const manyServices: fc.Arbitrary<Cluster> = fc
  .array(fc.tuple(service, fc.boolean(), fc.nat(0xffff)), { minLength: MANY, maxLength: MANY })
  .map((seeds) => ({
    services: seeds.map(([each, , lot], at) => ({
      ...each,
      name: `service-${at}`,
      clusterAddresses: ownAddresses('10.96', 'fd00:10:96', lot, at),
      loadBalancerAddresses: ownAddresses('198.18', '2001:db8:200', lot, at),
      ports: each.ports.map((port) => ({
        ...port,
        nodePort: port.nodePort && ((30_000 + at * 3 + (port.port % 3)) as Port),
      })),
    })),
    slices: seeds.flatMap(([, served], at) => (served ? slicesOf(at) : [])),
  }))

/** Spread over many prefixes, near each other in some. */
function ownAddresses(v4: string, v6: string, lot: number, at: number): readonly Address[] {
  const high = (lot >> 8) & 3
  const group = (high * 0x1000 + at + 1).toString(16)
  return [`${v4}.${high}.${at}`, `${v6}::${group}`] as Address[]
}

function slicesOf(at: number): Cluster['slices'] {
  return (['ipv4', 'ipv6'] as const).map((family) => ({
    namespace: 'default',
    name: `service-${at}-${family}`,
    service: `service-${at}`,
    family,
    ports: [
      { name: 'p80', protocol: 'tcp', port: 8080 as Port },
      { name: 'p53', protocol: 'udp', port: 5353 as Port },
    ],
    endpoints: [1, 2].map((number) => ({
      address: podOf(at, number, family),
      nodeName: number === 1 ? node.name : 'node-b',
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    })),
  }))
}

function podOf(at: number, number: number, family: IpFamily): Address {
  const text = family === 'ipv4' ? `10.244.${number}.${at + 1}` : `fd00:10:244:${number}::${at + 1}`
  return text as Address
}

/** From outside, from its own pod, to ports that it has and to one that it has not. */
function packetsAbout(each: Cluster['services'][number], at: number): readonly Packet[] {
  const addresses = [...each.clusterAddresses, ...each.loadBalancerAddresses]
  return addresses.flatMap((to) => {
    const family = familyOf(to)
    const clients = family === 'ipv4' ? ['192.0.2.7', '10.1.2.3'] : ['2001:db8:1::7']
    const sent = (from: Address, protocol: Protocol, port: number): Packet => {
      const origin = originOf(from, facts)
      return { from, to, protocol, port: port as Port, origin }
    }
    const toNode = node.addresses.filter((address) => familyOf(address) === family)
    return [...clients, podOf(at, 1, family)].flatMap((from) => [
      ...each.ports.map(({ protocol, port }) => sent(from as Address, protocol, port)),
      sent(from as Address, 'tcp', 81),
      ...each.ports.flatMap(({ protocol, nodePort }) =>
        toNode.flatMap((address) =>
          nodePort === undefined
            ? []
            : [{ ...sent(from as Address, protocol, nodePort), to: address }],
        ),
      ),
    ])
  })
}

test('with iptables too, a client with affinity stays with its endpoint while that may serve it', () => {
  let stayed = 0
  fc.assert(
    fc.property(stickyClusters, possible, packets(10), ([before, after], chosen, sent) => {
      const first = chainsFor(before, view, chosen)
      const second = chainsFor(after, view, chosen)
      const world: World = { cluster: after, node, settings: chosen, own: facts.addresses }
      for (const [random, lot] of sent) {
        const one = aimed(random, before, lot)
        const ways = trace(first, one, facts).paths
        const way = ways[lot % ways.length]
        const demand = demandOf(world, one)
        if (way === undefined || demand.kind !== 'delivered') continue
        const may = demand.to.map(({ address, port }) => `${address} ${port}`)
        const { clients } = way.state
        const again = trace(second, one, facts, kept(clients, second)).paths.map(endpointOf)
        if (clients.size > 0 && demand.sticky && may.includes(endpointOf(way))) {
          expect(again).toEqual([endpointOf(way)])
          stayed += 1
        } else expect(again.filter((each) => !may.includes(each))).toEqual([])
      }
    }),
    { numRuns: CLUSTERS },
  )
  expect(stayed).toBeGreaterThan(CLUSTERS / 20)
})

function endpointOf({ state }: Path): string {
  return `${state.destination} ${state.port}`
}

/** A list that no rule names goes, and takes along who is on it (`recent_mt_destroy`). */
function kept(clients: Clients, ruleset: IptablesRuleset): Clients {
  const named = [ruleset.ip, ruleset.ip6]
    .flatMap((tables) => [...(tables?.get('nat')?.chains.values() ?? [])])
    .flatMap((rules) => rules.flatMap((rule) => / --name (\S+) /.exec(rule)?.[1] ?? []))
  return new Map([...clients].filter(([list]) => named.includes(list)))
}

test('between the transactions of a plan a packet goes where it went or will go, or is turned away', () => {
  let keptOut = 0
  fc.assert(
    fc.property(cluster, cluster, possible, packets(10), (before, after, chosen, sent) => {
      const kernel = iptablesModel()
      for (const each of [before, after]) {
        const old = kernel.ruleset()
        const wanted = chainsFor(each, node, chosen)
        const moments = planIptables(old, wanted).map((change) => {
          kernel.apply(change)
          return kernel.ruleset()
        })
        for (const [random, lot] of sent) {
          const one = aimed(random, lot % 2 === 0 ? before : after, lot >> 1)
          const ends = (ruleset: IptablesRuleset): readonly string[] =>
            iptablesWalker(ruleset)
              .follow(one, facts)
              .ways.map(({ reading }) => endOf(reading))
          const never = [old, wanted].every((ruleset) => ends(ruleset).includes(KEPT_OUT))
          const may = [old, wanted].flatMap((ruleset) => [...ends(ruleset), ...ends(open(ruleset))])
          const found = moments.flatMap(ends)
          if (never) expect(found.filter((end) => end !== KEPT_OUT)).toEqual([])
          else
            expect(found.filter((end) => !TURNED_AWAY.test(end) && !may.includes(end))).toEqual([])
          keptOut += never ? 1 : 0
        }
      }
    }),
    { numRuns: CLUSTERS },
  )
  expect(keptOut).toBeGreaterThan(0)
})

/** Without what keeps clients out: who may come now may meet an endpoint that is about to go. */
function open(ruleset: IptablesRuleset): IptablesRuleset {
  const without = (tables: IptablesRuleset['ip']) =>
    new Map([...(tables ?? [])].filter(([table]) => table !== 'mangle'))
  return { ip: without(ruleset.ip), ip6: without(ruleset.ip6) }
}

const KEPT_OUT = 'dropped: source-not-listed'
const TURNED_AWAY = /^(dropped|refused)/

function endOf({ outcome }: Followed['ways'][number]['reading']): string {
  if (outcome.kind === 'delivered') return `${outcome.address} ${outcome.port}`
  return `${outcome.kind}: ${outcome.why}`
}
