import { expect, test } from 'vitest'
import { readSessions } from '../../../src/apply/bgp/sessions.ts'

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
    default: { '10.0.0.254': { messageStats: { updatesSent: 7 } } },
    red: { eth1: {} },
  })
  expect(readSessions(text, neighbours)).toEqual([
    {
      ...{ vrf: '', peer: '10.0.0.254', state: 'Established' },
      ...{ uptime: 5_000, established: 2, dropped: 1, updates: 7 },
      families: [
        { name: 'ipv4Unicast', sent: 3 },
        { name: 'ipv6Unicast', sent: 4 },
      ],
    },
    {
      ...{ vrf: 'red', peer: 'eth1', state: 'Idle (Admin)', uptime: 0, established: 0, dropped: 0 },
      updates: 0,
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
