import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { announce } from '../../src/announce/announce.ts'
import type { Announcement } from '../../src/announce/announcement.ts'
import type { Beat } from '../../src/announce/beat.ts'
import { digestOf } from '../../src/announce/beat-claims.ts'
import { beatKey, decodeBeat, encodeBeat } from '../../src/announce/beat-codec.ts'
import { eligible } from '../../src/announce/eligible.ts'
import type { Member } from '../../src/announce/member.ts'
import { hashOrders } from '../../src/announce/order.ts'
import { peersOf } from '../../src/announce/peers.ts'
import { begin, turn } from '../../src/announce/transition.ts'
import { type Address, addressOf } from '../../src/model/address.ts'
import { hmacSha256 } from '../../src/speaker/hmac.ts'
import { everybody, here, member, node, objects, pool, service } from '../announce/objects.ts'
import { LanAgent } from '../support/lan-agent.ts'
import { LanModel, TIMES } from '../support/lan-model.ts'
import { median, percentile, short, table } from './statistics.ts'

// What members cost on layer 2: `npx tsx test/bench/announce-members.ts`. Beats and peers are counted,
// CPU time is measured, and deaths are played on a model LAN, whose clock is imagined: that time is
// what the protocol takes, without the machine.

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const INTERVAL = 200
const IPV4_AND_UDP = 28 + 14

function addressesOf(count: number): readonly Address[] {
  return Array.from({ length: count }, (_, at) => addressOf('ipv4', 0x0a00_0000n + BigInt(at)))
}

/** Numbers that look random, and are the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function announcementsOf(nodes: number, addresses: number, candidates: number): Announcement[] {
  const random = randomNumbers(1)
  return addressesOf(addresses).map((address) => {
    const chosen = new Set<string>()
    while (chosen.size < Math.min(candidates, nodes)) {
      chosen.add(`node-${Math.floor(random() * nodes)}.example.com`)
    }
    const order = [...chosen]
    const parties = order
    return {
      address,
      services: [],
      interfaces: ['eth0'],
      candidates: order,
      parties,
      owner: order[0],
    }
  })
}

const key = beatKey(new Uint8Array(32).fill(7), hmacSha256)
const beat: Beat = {
  node: 'node-123.example.com',
  incarnation: 1_764_208_000_000,
  sequence: 12_345,
  state: 'live',
  settled: true,
  links: [{ name: 'eth0', mac: '02:00:00:00:00:01' }],
  wantsList: false,
  offer: undefined,
  takes: undefined,
  digest: digestOf(new Map()),
  part: undefined,
}

/** Microseconds of CPU for sending and receiving one beat. */
function costOfBeat(): number {
  const rounds = 20_000
  for (let warm = 0; warm < 2_000; warm++) encodeBeat(beat, 'node-1', key)
  const from = process.cpuUsage()
  for (let at = 0; at < rounds; at++) {
    decodeBeat(encodeBeat(beat, 'node-1', key), 'node-1', [key])
  }
  const { user, system } = process.cpuUsage(from)
  return (user + system) / rounds
}

function peers(): string {
  const bytes = encodeBeat(beat, 'node-1', key).length + IPV4_AND_UDP
  const cost = costOfBeat()
  const rows = [
    [3, 1_000, 3],
    [16, 1_000, 16],
    [100, 1_000, 4],
    [1_000, 1_000, 4],
    [1_000, 1_000, 1_000],
  ].map(([nodes = 0, addresses = 0, candidates = 0]) => {
    const announcements = candidates < 1_000 ? announcementsOf(nodes, addresses, candidates) : []
    const counts = Array.from({ length: nodes }, (_, at) =>
      candidates < 1_000
        ? peersOf(`node-${at}.example.com`, new Map(), announcements, []).size
        : nodes - 1,
    )
    const rate = (median(counts) * 1000) / INTERVAL
    const most = (Math.max(...counts) * 1000) / INTERVAL
    return [
      `${nodes} Nodes, ${addresses} addresses, ${candidates} candidates`,
      short(median(counts)),
      short(rate),
      short(most),
      short((rate * bytes) / 1000),
      `${short((rate * cost) / 10_000)} %`,
    ]
  })
  const head = ['', 'peers', 'beats/s', 'most', 'kB/s', 'CPU']
  return `A beat has ${bytes} bytes with all headers; sending and receiving one takes ${short(cost)} µs.\n\n${table(head, rows)}`
}

/** Milliseconds of CPU in which one node asks for and takes all addresses of one that died. */
function costOfTaking(count: number): number {
  const settings = { node: 'a', ...TIMES }
  const wanted = addressesOf(count).map((address) => ({
    address,
    owner: 'a',
    interfaces: ['eth0'],
  }))
  const links = new Map([['eth0', '02:00:00:00:00:01']])
  const members: readonly Member[] = []
  const from = performance.now()
  let { state } = begin(settings, { isAlive: false, spots: [] }, 0)
  for (const now of [600, 650, 700]) {
    state = turn(state, { now, wanted, members, links, standing: 'live', events: [] }).state
  }
  return performance.now() - from
}

/** What one node has to work out and to keep when all Nodes may announce all addresses. */
function electing(): string {
  const rows = [
    [3, 1_000],
    [100, 1_000],
    [1_000, 1_000],
  ].map(([nodes = 0, addresses = 0]) => {
    const names = Array.from({ length: nodes }, (_, at) => `node-${at}`)
    const services = addressesOf(addresses).map((each, at) => service(`web-${at}`, [each]))
    const all = objects({
      services,
      nodes: names.map((name) => node(name)),
      endpoints: services.map(({ name }) => ({ service: name, any: true, nodes: [] })),
      pools: [pool('all', ['10.0.0.0/8'])],
    })
    const live = names.slice(1).map((name) => member(name))
    const heap = usedHeap()
    const orders = hashOrders((text) => createHash('sha256').update(text).digest())
    const [eligibility, look] = timed(() => eligible(all, everybody))
    const [first, begin] = timed(() => announce(eligibility, here('node-0'), live, orders))
    const dead = first[0]?.owner
    const left = live.filter((each) => each.node !== dead)
    const [second, death] = timed(() => announce(eligibility, here('node-0'), left, orders))
    const moved = second.filter((each, at) => each.owner !== first[at]?.owner).length
    const memory = usedHeap() - heap
    return [
      `${nodes} Nodes, ${addresses} addresses`,
      ...[look, begin, death, memory].map(short),
      String(moved),
    ]
  })
  const head = ['', 'objects, ms', 'first election', 'after a death', 'MB', 'moved']
  return table(head, rows)
}

function timed<Result>(task: () => Result): readonly [Result, number] {
  const from = process.cpuUsage()
  const result = task()
  const { user, system } = process.cpuUsage(from)
  return [result, (user + system) / 1_000]
}

/** Megabytes, after everything that is not used any more was collected. */
function usedHeap(): number {
  collect()
  return process.memoryUsage().heapUsed / 1_000_000
}

/** Milliseconds from a death until each address is answered for again, on a model LAN. */
function outages(nodes: number, addresses: number, deaths: number): readonly number[] {
  const random = randomNumbers(3)
  return Array.from({ length: deaths }, () => {
    const model = new LanModel({
      nodes,
      lans: 1,
      addresses: addressesOf(addresses),
      agentOf: (...of) => new LanAgent(...of),
    })
    for (const node of model.nodes) model.start(node)
    model.run(TIMES.settle + 2_000 + Math.floor(random() * INTERVAL))
    for (const node of model.nodes.slice(0, 1)) model.powerOff(node)
    const from = model.now
    let last = from
    model.watch = () => {
      const isDark = model.options.addresses.some((each) => model.answerers(0, each).length === 0)
      if (isDark) last = model.now
    }
    model.run(2_000)
    return last - from
  })
}

function failover(): string {
  const rows = [
    [2, 10],
    [3, 100],
    [5, 100],
  ].map(([nodes = 0, addresses = 0]) => {
    const times = outages(nodes, addresses, 20)
    return [
      `${nodes} Nodes, ${addresses} addresses`,
      short(Math.min(...times)),
      short(median(times)),
      short(percentile(times, 1)),
    ]
  })
  return table(['without an answer, ms', 'least', 'median', 'most'], rows)
}

process.stdout.write(
  `${peers()}\n\n${electing()}\n\n${failover()}\n\nTaking 1,000 addresses costs ${short(costOfTaking(1_000))} ms of CPU besides the kernel's.\n`,
)
