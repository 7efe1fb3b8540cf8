import { expect, test } from 'vitest'
import type { Denial } from '../../src/frontend/denials.ts'
import type { Cidr } from '../../src/model/address.ts'
import { nodePortKey, vipKey } from '../../src/model/frontend-id.ts'
import { DenialReports } from '../../src/report/denial-reports.ts'
import { eventOf } from '../../src/report/events/kubernetes-event.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'

/** What Services do not get is told in the way in which people write addresses. */

const service = 'shop/b'
const contested = (port: number): Denial => ({
  service,
  key: vipKey('203.0.113.9', 'tcp', port),
  why: { kind: 'contested', winner: 'shop/a' },
})
const ipv6: Denial = {
  service,
  key: vipKey('2001:db8::9', 'udp', 53),
  why: { kind: 'service-range', range: '2001:db8::/64' as Cidr },
}
const nodePort: Denial = {
  service,
  key: nodePortKey('sctp', 30_080),
  why: { kind: 'contested', winner: 'shop/a' },
}

function start() {
  const told: Occurrence[] = []
  const reports = new DenialReports((occurrence) => told.push(occurrence))
  const deny = (...denials: readonly Denial[]) => {
    reports.changed(new Map([[service, denials]]))
    return told.splice(0)
  }
  return { reports, told, deny }
}

test('an Event names address, port and protocol, and no element of nftables', () => {
  const { deny } = start()
  const source = { node: 'node-a', uid: () => 'u-1' }
  const events = deny(contested(80), ipv6, nodePort).flatMap(
    (each) => eventOf(each, source, new Date(0)) ?? [],
  )
  const note = (start: RegExp) => ({ body: { note: expect.stringMatching(start) } })
  expect(events).toMatchObject([
    note(/^203\.0\.113\.9:80\/tcp belongs to Service shop\/a/),
    note(/^\[2001:db8::9\]:53\/udp is inside serviceCIDRs/),
    note(/^\*:30080\/sctp belongs to Service shop\/a/),
  ])
})

test('what is denied no more is settled under the same name', () => {
  const { deny } = start()
  deny(contested(80), contested(81))
  const address = '203.0.113.9:80/tcp'
  expect(deny(contested(81))).toContainEqual({ event: 'address-settled', service, address })
})

test('of many only some are told, and the others are counted', () => {
  const { deny } = start()
  const told = deny(...[1, 2, 3, 4, 5].map(contested))
  expect(told.filter(({ event }) => event === 'address-contested')).toHaveLength(3)
  expect(told.at(-1)).toEqual({ event: 'more-addresses-denied', service, addresses: 2 })
})

test('a session that begins settles what it does not deny', () => {
  const { reports, told, deny } = start()
  deny(contested(80))
  reports.started(new Map())
  const address = '203.0.113.9:80/tcp'
  expect(told).toContainEqual({ event: 'address-settled', service, address })
})
