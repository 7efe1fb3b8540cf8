import { expect, test } from 'vitest'
import { nothingServed, type ServedFrontends } from '../../src/frontend/frontend-change.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { SliceEndpoint, SliceObject } from '../../src/model/service.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import { LingeringEndpoints, servingEndpoints } from '../../src/plan/flows/lingering.ts'
import type { TouchedFrontend } from '../../src/plan/flows/stale.ts'

const [A, B] = ['10.244.1.10 . 5353' as Tuple, '10.244.1.11 . 5353' as Tuple]
const none: ReadonlySet<Tuple> = new Set()

function front(...gone: readonly Tuple[]): TouchedFrontend {
  const id = '203.0.113.10 . udp . 53' as Tuple
  return { family: 'ip', id, protocol: 'udp', port: 53, flows: 'all', gone: new Set(gone) }
}

/** A node whose only frontend leads to these. */
function leadingTo(...endpoints: readonly Tuple[]): ServedFrontends {
  return { ...nothingServed, endpoints: () => new Set(endpoints) }
}

/** A cluster whose one Service has these serving endpoints; `change` changes them. */
function clusterOf(first: readonly Tuple[]) {
  let serving: ReadonlySet<Tuple> = new Set(first)
  let owner: string | undefined = 'default/dns'
  const lingering = new LingeringEndpoints({
    ownerOf: () => owner,
    servingOf: (service) => (service === 'default/dns' ? serving : none),
  })
  return {
    lingering,
    change(...now: readonly Tuple[]) {
      serving = new Set(now)
    },
    /** The frontend is another Service's now, or gone. */
    hand(to?: string) {
      owner = to
    },
  }
}

test('nothing is done while an endpoint that left still serves; when it ends, its flows go', () => {
  const { lingering, change } = clusterOf([A, B])
  expect(lingering.follow([front(B)], ['default/dns'], leadingTo(A))).toEqual([])
  expect(lingering.stillServes(front(), B)).toBe(true)
  change(A)
  expect(lingering.follow([], ['default/other'], leadingTo(A))).toEqual([])
  expect(lingering.follow([], ['default/dns'], leadingTo(A))).toEqual([front(B)])
  expect(lingering.stillServes(front(), B)).toBe(false)
  expect(lingering.follow([], ['default/dns'], leadingTo(A))).toEqual([])
})

test('an endpoint that returns is not looked at', () => {
  const { lingering } = clusterOf([A, B])
  lingering.follow([front(B)], ['default/dns'], leadingTo(A))
  expect(lingering.follow([], ['default/dns'], leadingTo(A, B))).toEqual([])
})

test('those who lingered go when the address is handed on', () => {
  const { lingering, hand } = clusterOf([A, B])
  lingering.follow([front(B)], ['default/dns'], leadingTo(A))
  hand('default/other')
  expect(lingering.follow([front(A)], ['default/other'], nothingServed)).toEqual([front(B, A)])
})

test('those who lingered go with the Service', () => {
  const { lingering, hand } = clusterOf([A, B])
  lingering.follow([front(B)], ['default/dns'], leadingTo(A))
  hand()
  expect(lingering.follow([front(A)], ['default/dns'], nothingServed)).toEqual([front(B, A)])
})

test('after a start all are looked at, and those who linger are known', () => {
  const { lingering, change } = clusterOf([A, B])
  expect(lingering.follow([front()], [], leadingTo(A))).toEqual([front()])
  change(A)
  expect(lingering.follow([], ['default/dns'], leadingTo(A))).toEqual([front(B)])
})

test('nothing lingers where only unanswered flows are at stake', () => {
  const { lingering, change } = clusterOf([A, B])
  const first: TouchedFrontend = { ...front(), flows: 'unanswered' }
  expect(lingering.follow([first], [], leadingTo(A))).toEqual([first])
  change(A)
  expect(lingering.follow([], ['default/dns'], leadingTo(A))).toEqual([])
})

test('what serves is ready or serving, on the port that is asked for', () => {
  const state = { nodeName: undefined, terminating: false, zones: undefined, nodes: undefined }
  const endpoint = (last: number, ready: boolean, serving: boolean): SliceEndpoint => ({
    ...state,
    address: `10.244.1.${last}` as Address,
    ready,
    serving,
  })
  const slice: SliceObject = {
    namespace: 'default',
    name: 'dns-1',
    service: 'dns',
    family: 'ipv4',
    ports: [
      { name: 'dns', protocol: 'udp', port: 5353 as Port },
      { name: 'dns-tcp', protocol: 'tcp', port: 5354 as Port },
    ],
    endpoints: [endpoint(10, true, true), endpoint(11, false, true), endpoint(12, false, false)],
  }
  expect([...servingEndpoints([slice], ({ name }) => name === 'dns')]).toEqual([A, B])
  expect(servingEndpoints([slice], ({ protocol }) => protocol === 'sctp')).toEqual(none)
})
