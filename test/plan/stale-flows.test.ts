import { describe, expect, test } from 'vitest'
import type { Address } from '../../src/model/address.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import {
  allFrontends,
  type Flow,
  flowJudge,
  type TouchedFrontend,
  touchedFrontends,
} from '../../src/plan/flows/stale.ts'
import { frontendChanges, servedByTables } from '../../src/plan/nftables/served.ts'
import type { ElementStep, Ruleset } from '../../src/ruleset/nftables/types.ts'

const DNS = '203.0.113.10 . udp . 53'
const NODE_PORT = 'udp . 30053'
const [A, B, C] = ['10.244.1.10 . 5353', '10.244.1.11 . 5353', '10.244.1.12 . 5353']

/** By set, then by key: the data, or nothing where the set is no map. */
type Elements = Readonly<Record<string, Readonly<Record<string, string>>>>

function ruleset(elements: Elements): Ruleset {
  const table = { family: 'ip' as const, sets: new Map(), chains: new Map() }
  return { ip: { ...table, elements: mapsOf(elements) } }
}

function mapsOf(elements: Elements): Map<string, Map<Tuple, { data: Tuple }>> {
  const map = (held: Readonly<Record<string, string>>) =>
    new Map(Object.entries(held).map(([key, data]) => [key as Tuple, { data: data as Tuple }]))
  return new Map(Object.entries(elements).map(([set, held]) => [set, map(held)]))
}

/** What leads from one state to the other. */
function steps(before: Elements, after: Elements): ElementStep[] {
  const [old, now] = [mapsOf(before), mapsOf(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((set) => {
    const keys = new Set([...(old.get(set)?.keys() ?? []), ...(now.get(set)?.keys() ?? [])])
    return [...keys]
      .map((key) => ({ key, before: old.get(set)?.get(key), after: now.get(set)?.get(key) }))
      .filter((step) => step.before?.data !== step.after?.data)
      .map((step): ElementStep => ({ family: 'ip', set, ...step }))
  })
}

function served(elements: Elements) {
  return servedByTables(ruleset(elements))
}

/** What a commit from one state to the other touched. */
function touchedBy(before: Elements, after: Elements, tcp: 'keep' | 'reset' = 'keep') {
  return touchedFrontends(frontendChanges(steps(before, after), ruleset(after)), tcp)
}

function slots(front: string, ...endpoints: readonly (string | undefined)[]) {
  return Object.fromEntries(endpoints.map((data, slot) => [`${front} . ${slot}`, data ?? '']))
}

function flow(to: string, answerer: string | undefined, isAnswered = true): Flow {
  const [destination, protocol, port] = to.split(' . ')
  return {
    family: 'ip',
    protocol: protocol as Flow['protocol'],
    destination: destination as Address,
    port: Number(port),
    answerer: answerer as Tuple,
    isAnswered,
  }
}

/** Which of the answerers of flows to a destination are deleted. */
function deleted(before: Elements, after: Elements, to = DNS, ...others: string[]): string[] {
  const touched = touchedBy(before, after)
  const answerers = [A, B, C, '198.18.0.2 . 53', ...others].map(String)
  return answerers.filter((answerer) => goes(touched, flow(to, answerer), after))
}

function goes(touched: readonly TouchedFrontend[], each: Flow, after: Elements): boolean {
  return flowJudge(touched)(each, served(after), new Set(['192.0.2.1', '10.244.1.1']))
}

const BYPASS = '203.0.113.10 . 53'
const WEB = '203.0.113.10 . tcp . 53'
const BOTH = { endpoints: slots(WEB, A, B) }

test('an endpoint leaves: what does not lead to one that serves goes', () => {
  const before = { endpoints: slots(DNS, A, B) }
  const after = { endpoints: slots(DNS, A) }
  expect(deleted(before, after, DNS, BYPASS)).toEqual([B, C, '198.18.0.2 . 53', BYPASS])
})

test('the first endpoint comes: what bypassed the VIP goes', () => {
  expect(deleted({}, { endpoints: slots(DNS, A) }, DNS, BYPASS)).toContain(BYPASS)
})

test('where no endpoint serves any more, only what was translated to ours goes', () => {
  const before = { endpoints: slots(DNS, A), 'local-endpoints': slots(DNS, B) }
  expect(deleted(before, {}, DNS, BYPASS)).toEqual([A, B])
})

describe('a TCP frontend gets its first endpoint', () => {
  const after = { endpoints: slots(WEB, A) }
  const touched = touchedBy({}, after)

  test('only what bypassed it in vain goes', () => {
    expect(goes(touched, flow(WEB, BYPASS, false), after)).toBe(true)
    expect(goes(touched, flow(WEB, BYPASS), after)).toBe(false)
    expect(goes(touched, flow(WEB, B, false), after)).toBe(false)
    expect(goes(touched, flow(WEB, A, false), after)).toBe(false)
    expect(goes(touched, flow(DNS, BYPASS, false), after)).toBe(false)
  })

  test('nothing goes if that has gone again', () => {
    expect(goes(touched, flow(WEB, BYPASS, false), {})).toBe(false)
  })

  test('nothing goes if it is the endpoint to which clients send', () => {
    const itself = { endpoints: slots(WEB, BYPASS) }
    expect(goes(touchedBy({}, itself), flow(WEB, BYPASS, false), itself)).toBe(false)
  })

  test('on a port of the node, only what went to the node goes', () => {
    const opened = { 'node-port-endpoints': slots('tcp . 30053', A) }
    const early = (address: string): Flow =>
      flow(`${address} . tcp . 30053`, `${address} . 30053`, false)
    const found = touchedBy({}, opened)
    expect(goes(found, early('192.0.2.1'), opened)).toBe(true)
    expect(goes(found, early('8.8.8.8'), opened)).toBe(false)
  })

  test('all flows count when TCP is to be reset, whatever else touched it', () => {
    const reset = touchedBy({}, after, 'reset')
    for (const both of [reset, [...reset, ...touched], [...touched, ...reset]]) {
      expect(goes(both, flow(WEB, B), after)).toBe(true)
    }
  })
})

describe('nothing is looked at', () => {
  const before = { endpoints: slots(DNS, A) }
  test.each<[string, Elements, Elements]>([
    ['another endpoint comes', before, { endpoints: slots(DNS, A, B) }],
    [
      'endpoints change their slots',
      { endpoints: slots(DNS, A, B) },
      { endpoints: slots(DNS, B, A) },
    ],
    ['it is TCP', { endpoints: slots('203.0.113.10 . tcp . 53', A) }, {}],
    ['it is TCP, and another endpoint comes', { endpoints: slots(WEB, A) }, BOTH],
    ['it is TCP without endpoints', {}, { services: { [WEB]: '' } }],
    ['no endpoint changes', { services: { [DNS]: '' } }, { 'sticky-services-60': { [DNS]: '' } }],
  ])('when %s', (_, from, to) => {
    expect(touchedBy(from, to)).toEqual([])
  })
})

test('all flows are looked at when an address is another Service’s, with the same endpoints', () => {
  const step: ElementStep = {
    family: 'ip',
    set: 'services',
    key: DNS as Tuple,
    before: { comment: 'default/old:dns load-balancer' },
    after: { comment: 'default/new:dns load-balancer' },
  }
  const changes = frontendChanges([step], ruleset({ endpoints: slots(DNS, A) }))
  expect(touchedFrontends(changes, 'keep')).toMatchObject([{ id: DNS, gone: new Set() }])
})

test('TCP counts when it is to be reset', () => {
  const before = { endpoints: slots('203.0.113.10 . tcp . 53', A) }
  expect(touchedBy(before, {}, 'reset')).toMatchObject([{ gone: new Set([A]) }])
})

test('flows stay with an endpoint that gets no new ones and still serves', () => {
  const before = { endpoints: slots(DNS, A, B) }
  const after = { endpoints: slots(DNS, A) }
  const touched = touchedBy(before, after)
  const judge = flowJudge(touched, ({ id }, endpoint) => id === DNS && endpoint === B)
  const stale = [A, B, C].filter((each) => judge(flow(DNS, each), served(after), new Set()))
  expect(stale).toEqual([C])
})

test('flows stay with an endpoint that only other clients are sent to now', () => {
  const before = { endpoints: slots(DNS, A, B, C) }
  const after = { endpoints: slots(DNS, A), 'local-endpoints': slots(DNS, B) }
  expect(deleted(before, after)).toEqual([C, '198.18.0.2 . 53'])
})

test('an endpoint that a later commit brought back keeps its flows', () => {
  const touched = touchedBy({ endpoints: slots(DNS, A) }, {})
  expect(goes(touched, flow(DNS, A), {})).toBe(true)
  expect(goes(touched, flow(DNS, A), { endpoints: slots(DNS, A) })).toBe(false)
})

describe('a node port', () => {
  const before = { 'node-port-endpoints': slots(NODE_PORT, A, B) }
  const after = { 'node-port-endpoints': slots(NODE_PORT, A) }
  const others = ['192.0.2.1 . 30053', '8.8.8.8 . 30053'].map(String)

  test('stands on every address of the node', () => {
    expect(deleted(before, after, '192.0.2.1 . udp . 30053', ...others)).toContain(B)
    expect(deleted(before, after, '10.244.1.1 . udp . 30053', ...others)).toContain(B)
  })

  test('does not concern what passes through', () => {
    expect(deleted(before, after, '8.8.8.8 . udp . 30053', ...others)).toEqual([])
  })

  test('stands on no address that is not served', () => {
    const ranges = ['192.0.2.0/24', '192.0.2.1', '192.0.2.0-192.0.2.9']
    for (const range of ranges) {
      const some = { ...after, 'node-port-addresses': { [range]: '' } }
      expect(deleted(before, some, '192.0.2.1 . udp . 30053')).toContain(B)
      expect(deleted(before, some, '10.244.1.1 . udp . 30053')).toEqual([])
    }
  })

  test('gives way to a VIP on an address of the node', () => {
    const vip = '192.0.2.1 . udp . 30053'
    const claimed = { ...after, services: { [vip]: '' }, endpoints: slots(vip, B) }
    expect(deleted({ ...claimed, ...before }, claimed, vip)).toEqual([])
  })
})

test('a frontend that comes without endpoints ends what was led from there before', () => {
  const bare = { services: { [DNS]: '' }, 'no-endpoints': { [DNS]: '' } }
  expect(touchedBy({}, bare)).toMatchObject([{ id: DNS, gone: 'unknown' }])
  expect(deleted({}, bare)).toEqual([A, B, C, '198.18.0.2 . 53'])
  expect(deleted({}, bare, DNS, String(BYPASS))).not.toContain(BYPASS)
})

test('all frontends, also one that has lost its endpoints while no agent looked', () => {
  const bare = served({
    services: { [DNS]: '' },
    'no-endpoints': { '203.0.113.11 . udp . 53': '' },
  })
  expect(allFrontends(bare, 'keep').map(({ id }) => id)).toEqual([DNS, '203.0.113.11 . udp . 53'])
})

describe('of a frontend without endpoints, after a start', () => {
  const bare = { services: { [DNS]: '' }, 'no-endpoints': { [DNS]: '' } }
  const all = allFrontends(served(bare), 'keep')
  const judge = flowJudge(all, (_, endpoint) => endpoint === B)
  const isDeleted = (answerer: string | undefined) =>
    judge(flow(DNS, answerer), served(bare), new Set())

  test('flows to what it may have had end', () => {
    expect(isDeleted(A)).toBe(true)
  })

  test('flows to an endpoint that still serves stay', () => {
    expect(isDeleted(B)).toBe(false)
  })

  test('those that were never translated stay, as each of their packets meets the rules', () => {
    expect(isDeleted(BYPASS)).toBe(false)
  })
})

test('all frontends, each once', () => {
  const all = served({
    endpoints: { ...slots(DNS, A, B), ...slots('203.0.113.10 . tcp . 53', A) },
    'local-endpoints': slots(DNS, A),
    'node-port-local-endpoints': slots(NODE_PORT, A),
  })
  expect(allFrontends(all, 'keep').map(({ id, port }) => [id, port])).toEqual([
    [DNS, 53],
    [NODE_PORT, 30053],
  ])
  expect(allFrontends(all, 'reset')).toHaveLength(3)
})
