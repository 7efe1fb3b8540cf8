import { expect, test } from 'vitest'
import { readBfd } from '../../../src/apply/bgp/bfd.ts'
import { readSessions, withBfd } from '../../../src/apply/bgp/sessions.ts'

const NO_MESSAGES = {
  ...{ opensSent: 0, opensReceived: 0, notificationsSent: 0, updatesSent: 0, updatesReceived: 0 },
  ...{ keepalivesSent: 0, keepalivesReceived: 0, routeRefreshSent: 0, totalSent: 0 },
  totalReceived: 0,
}

test('the families of a session are told together, VRF by VRF', () => {
  const peer = {
    state: 'Established',
    pfxSnt: 3,
    peerUptimeMsec: 5_000,
    connectionsEstablished: 2,
    connectionsDropped: 1,
  }
  const text = JSON.stringify({
    default: {
      ipv4Unicast: { peers: { '10.0.0.254': peer } },
      ipv6Unicast: { peers: { '10.0.0.254': { ...peer, pfxSnt: 4 } } },
    },
    red: { ipv4Unicast: { peers: { eth1: { state: 'Idle (Admin)' } } } },
  })
  const neighbours = JSON.stringify({
    default: { '10.0.0.254': { localRouterId: '10.0.0.1', messageStats: { updatesSent: 7 } } },
    red: { eth1: {} },
  })
  expect(readSessions(text, neighbours)).toEqual([
    {
      ...{ vrf: '', peer: '10.0.0.254', state: 'Established' },
      ...{ uptime: 5_000, established: 2, dropped: 1, routerId: '10.0.0.1' },
      messages: { ...NO_MESSAGES, updatesSent: 7 },
      families: [
        { name: 'ipv4Unicast', sent: 3 },
        { name: 'ipv6Unicast', sent: 4 },
      ],
    },
    {
      ...{ vrf: 'red', peer: 'eth1', state: 'Idle (Admin)', uptime: 0, established: 0, dropped: 0 },
      ...{ routerId: '', messages: NO_MESSAGES },
      families: [{ name: 'ipv4Unicast', sent: 0 }],
    },
  ])
})

test('without a router there are no sessions, and what is no JSON is not read', () => {
  for (const text of ['', '{}', '{\n}\n', '{"warning":"none"}', '{"default":null}', '[]']) {
    expect(readSessions(text)).toEqual([])
  }
  expect(readSessions('% BGP instance not found')).toBeUndefined()
})

const FAST = { vrf: 'default', peer: '10.0.0.254', local: '10.0.0.1', interface: 'eth0' }
const HOPS = { vrf: 'red', peer: '10.9.9.9', local: '10.0.0.1' }

test('BFD sessions are told with what was counted of each', () => {
  const peers = [
    { ...FAST, status: 'up' },
    { ...HOPS, status: 'down' },
  ]
  const counters = [{ ...FAST, 'control-packet-input': 3, 'session-up': 1 }]
  const read = readBfd(JSON.stringify(peers), JSON.stringify(counters))
  expect(read).toMatchObject([
    { vrf: '', peer: '10.0.0.254', status: 'up', controlInput: 3, upEvents: 1, downEvents: 0 },
    { vrf: 'red', peer: '10.9.9.9', interface: '', status: 'down', controlInput: 0 },
  ])
  for (const text of ['', '[]', 'bfdd does not run', '{}']) expect(readBfd(text, text)).toEqual([])
})

test('a session has the BFD session with its address, or on its interface', () => {
  const summary = { '10.0.0.254': {}, eth1: {}, '10.9.9.9': {} }
  const sessions = readSessions(JSON.stringify({ default: { ipv4Unicast: { peers: summary } } }))
  const link = { ...FAST, peer: 'fe80::1', interface: 'eth1' }
  const watched = readBfd(JSON.stringify([FAST, HOPS, link]), '[]')
  expect(withBfd(sessions ?? [], watched).map(({ bfd }) => bfd?.peer)).toEqual([
    ...['10.0.0.254', 'fe80::1', undefined],
  ])
})
