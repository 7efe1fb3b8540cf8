import { expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { destinationKey, type RealServer, serverKey } from '../../src/ruleset/ipvs/types.ts'
import type { BaseHook, Statement } from '../../src/ruleset/nftables/types.ts'
import { read } from '../../src/trace/nftables/outcome.ts'
import type { WalkedChain, WalkedRuleset } from '../../src/trace/nftables/state.ts'
import { type Trace, trace } from '../../src/trace/nftables/trace.ts'
import { type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'

/** What no fixture tells: where ipvs stands among the hooks, and what it does with odd servers. */

const VIP = '203.0.113.10' as Address
const NODE = '192.0.2.1' as Address

const facts: NodeFacts = {
  addresses: new Set([NODE]),
  routes: [
    { to: '10.244.0.0/16' as Cidr, interface: 'cni0', address: '10.244.1.1' as Address },
    { to: '0.0.0.0/0' as Cidr, interface: 'eth0', address: NODE },
  ],
}

function packet(from: string): Packet {
  const source = from as Address
  return {
    from: source,
    to: VIP,
    protocol: 'tcp',
    port: 80 as Port,
    origin: originOf(source, facts),
  }
}

function destination(address: string, weight = 1): RealServer {
  return { address: address as Address, port: 8080 as Port, weight, method: 'masq' }
}

interface Wanted {
  readonly destinations: readonly RealServer[]
  readonly scheduler?: string
  readonly persistence?: number
  readonly chains?: readonly WalkedChain[]
}

function ruleset({ destinations, scheduler = 'rr', persistence, chains = [] }: Wanted) {
  const id = { address: VIP, protocol: 'tcp', port: 80 as Port } as const
  const byKey = new Map(destinations.map((each) => [destinationKey(each), each]))
  const server = { ...id, scheduler, schedulerFlags: 0, persistence, destinations: byKey }
  const names = new Map(chains.map((each) => [each.name, each]))
  const walked: WalkedRuleset = {
    ip: { family: 'ip', sets: new Map(), elements: new Map(), chains: names },
    ipvs: { servers: new Map([[serverKey(id), server]]), addresses: new Set([VIP]) },
  }
  return walked
}

function chain(name: string, hook: BaseHook['hook'], priority: number, bit: number): WalkedChain {
  const mark: Statement = { kind: 'set-mark', bit }
  return { name, base: { type: 'filter', hook, priority }, rules: [{ statements: [mark] }] }
}

const chains = [
  chain('prerouting', 'prerouting', 0, 1),
  chain('output-before', 'output', -99, 2),
  chain('output-after', 'output', -97, 3),
  chain('postrouting', 'postrouting', 0, 4),
]

/** What did something, in order. */
function placesOf({ paths }: Trace): readonly (readonly string[])[] {
  return paths.map(({ state }) =>
    state.steps.map((step) => (step.kind === 'rule' ? step.chain : `ipvs in ${step.hook}`)),
  )
}

function ends({ paths }: Trace): readonly (readonly [string, number])[] {
  return paths.map(({ odds, state }) => [state.destination, odds])
}

test('what ipvs takes in input goes out through output and postrouting', () => {
  const walked = ruleset({ destinations: [destination('10.244.1.10')], chains })
  expect(placesOf(trace(walked, packet('198.51.100.7'), facts))).toEqual([
    ['prerouting', 'ipvs in input', 'output-before', 'output-after', 'postrouting'],
  ])
})

test("the node's own packet ipvs takes in output, which begins again", () => {
  const walked = ruleset({ destinations: [destination('10.244.1.10')], chains })
  expect(placesOf(trace(walked, packet(NODE), facts))).toEqual([
    ['output-before', 'ipvs in output', 'output-before', 'output-after', 'postrouting'],
  ])
})

test('a destination on the node itself does not leave it', () => {
  const walked = ruleset({ destinations: [destination(NODE)], chains })
  expect(placesOf(trace(walked, packet('198.51.100.7'), facts))).toEqual([
    ['prerouting', 'ipvs in input'],
  ])
})

test('destinations of weight 0 take no client, the others their share', () => {
  const destinations = ['10.244.1.10', '10.244.1.11'].map((each) => destination(each))
  const walked = ruleset({ destinations: [...destinations, destination('10.244.1.12', 0)] })
  expect(ends(trace(walked, packet('198.51.100.7'), facts))).toEqual([
    ['10.244.1.10', 0.5],
    ['10.244.1.11', 0.5],
  ])
})

test('a server that takes no client refuses, TCP by ICMP too', () => {
  const walked = ruleset({ destinations: [destination('10.244.1.10', 0)] })
  const traced = trace(walked, packet('198.51.100.7'), facts)
  expect(traced.paths.map((path) => read(traced, path, walked).outcome)).toEqual([
    { kind: 'refused', with: 'port-unreachable', why: 'no-destination' },
  ])
})

test('a client stays with its destination while that takes connections', () => {
  const both = ['10.244.1.10', '10.244.1.11'].map((each) => destination(each))
  const walked = ruleset({ destinations: both, persistence: 60 })
  const first = trace(walked, packet('198.51.100.7'), facts)
  for (const path of first.paths) {
    const { clients, destination: home } = path.state
    expect(read(first, path, walked).sticky).toBe(true)
    expect(ends(trace(walked, packet('198.51.100.7'), facts, clients))).toEqual([[home, 1]])
    expect(trace(walked, packet('198.51.100.8'), facts, clients).paths).toHaveLength(2)
    const leaving = both.map((each) => (each.address === home ? { ...each, weight: 0 } : each))
    const later = ruleset({ destinations: leaving, persistence: 60 })
    const [[other] = []] = ends(trace(later, packet('198.51.100.7'), facts, clients))
    expect(other).not.toBe(home)
  }
})

test('where a hash decides, that is said; between one there is nothing to decide', () => {
  const both = ['10.244.1.10', '10.244.1.11'].map((each) => destination(each))
  const doubts = (destinations: readonly RealServer[]) =>
    trace(ruleset({ destinations, scheduler: 'sh' }), packet('198.51.100.7'), facts).doubts
  expect(doubts(both)).toEqual([expect.stringContaining('scheduler sh goes by a hash')])
  expect(doubts(both.slice(1))).toEqual([])
})

test('another port and ICMP ipvs lets pass', () => {
  const walked = ruleset({ destinations: [destination('10.244.1.10')] })
  const sent = packet('198.51.100.7')
  const others: readonly Packet[] = [
    { ...sent, port: 81 as Port },
    { ...sent, protocol: 'icmp', port: undefined },
  ]
  for (const other of others) {
    expect(trace(walked, other, facts).paths).toMatchObject([{ state: { balanced: false } }])
  }
})
