import { expect, test } from 'vitest'
import type { ConntrackSettings } from '../../src/model/conntrack.ts'
import { differs, wantedBuckets, wantedSysctls } from '../../src/plan/sysctls/conntrack.ts'

const nothing: ConntrackSettings = {
  maxPerCore: 0,
  min: 131_072,
  tcpEstablishedTimeout: undefined,
  tcpCloseWaitTimeout: undefined,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: false,
}

function values(settings: Partial<ConntrackSettings>, processors = 2): Record<string, number> {
  const wanted = wantedSysctls({ ...nothing, ...settings }, processors)
  return Object.fromEntries(wanted.map(({ name, value }) => [name, value]))
}

test.each([
  [32_768, 131_072, 2, 131_072],
  [32_768, 131_072, 8, 262_144],
  [32_768, 0, 1, 32_768],
])('%d a processor and at least %d: with %d processors %d', (maxPerCore, min, processors, max) => {
  expect(values({ maxPerCore, min }, processors)).toEqual({ 'net.netfilter.nf_conntrack_max': max })
})

test('zero and false leave everything as it is', () => {
  expect(values({})).toEqual({})
  expect(wantedBuckets(wantedSysctls(nothing, 2))).toBeUndefined()
})

test('each field has its sysctl', () => {
  expect(
    values({
      tcpEstablishedTimeout: 1,
      tcpCloseWaitTimeout: 2,
      udpTimeout: 3,
      udpStreamTimeout: 4,
      tcpBeLiberal: true,
    }),
  ).toEqual({
    'net.netfilter.nf_conntrack_tcp_timeout_established': 1,
    'net.netfilter.nf_conntrack_tcp_timeout_close_wait': 2,
    'net.netfilter.nf_conntrack_udp_timeout': 3,
    'net.netfilter.nf_conntrack_udp_timeout_stream': 4,
    'net.netfilter.nf_conntrack_tcp_be_liberal': 1,
  })
})

test('a larger table stays, a longer timeout does not', () => {
  expect(differs(200, { name: '', value: 100, orMore: true })).toBe(false)
  expect(differs(50, { name: '', value: 100, orMore: true })).toBe(true)
  expect(differs(200, { name: '', value: 100, orMore: false })).toBe(true)
  expect(differs(100, { name: '', value: 100, orMore: false })).toBe(false)
})

test('a bucket for every four flows', () => {
  const settings = { ...nothing, maxPerCore: 100_000 }
  expect(wantedBuckets(wantedSysctls(settings, 4))).toBe(100_000)
})
