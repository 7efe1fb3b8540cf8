import { expect, test } from 'vitest'
import { bgpLines } from '../../src/cli/status/bgp-text.ts'
import type { BgpView } from '../../src/speaker/bgp/view.ts'

const VIEW: BgpView = {
  ...{ engine: 'frr', failure: null, routerId: '10.0.0.1', routes: 1 },
  ...{ peers: [], addresses: [], problems: [], notAnnounced: [] },
}

test('Services that are not announced for one reason share a line', () => {
  const silent = { peer: null, reason: 'no-local-endpoint', message: 'No endpoint is here' }
  const withheld = { peer: 'tor', reason: 'other-family', message: 'It is over IPv4' }
  const many = [1, 2, 3, 4, 5, 6].map((at) => {
    return { ...silent, service: `shop/web-${at}`, addresses: [`192.0.2.${at}`] }
  })
  const six = { ...withheld, service: 'shop/six', addresses: ['2001:db8::1'] }
  expect(bgpLines({ ...VIEW, notAnnounced: [...many, six] }).slice(2)).toEqual([
    '192.0.2.1 (shop/web-1), 192.0.2.2 (shop/web-2), 192.0.2.3 (shop/web-3), 192.0.2.4 (shop/web-4) and 2 more: to nobody: No endpoint is here',
    '2001:db8::1 (shop/six): not to tor: It is over IPv4',
  ])
})

const PEER: BgpView['peers'][number] = {
  ...{ name: 'tor', at: '10.0.0.254', port: 179, vrf: '', state: 'Established', uptimeMs: 65_400 },
  ...{ established: 1, dropped: 0, prefixes: 2, sent: 2, messages: null, bfd: null },
}

/** The lines of some peers. */
function linesOf(...peers: readonly Partial<typeof PEER>[]): readonly string[] {
  const view = { ...VIEW, peers: peers.map((each) => ({ ...PEER, ...each })) }
  return bgpLines(view).slice(1)
}

test('FRR that is configured, and that is not', () => {
  expect(bgpLines(VIEW)).toEqual([
    'FRR is configured as it should be: router identifier 10.0.0.1, 1 prefix',
    'no session is for this Node',
  ])
  expect(bgpLines({ ...VIEW, routes: 0 })[0]).toMatch(/, 0 prefixes$/)
  const failure = 'bgpd cannot be asked'
  expect(bgpLines({ ...VIEW, failure })[0]).toBe('FRR cannot be configured: bgpd cannot be asked')
})

test('a session says since when it stands, what it sent, and how often it ended', () => {
  expect(
    linesOf(
      {},
      { name: 'red', vrf: 'red', dropped: 1 },
      { name: 'idle', state: 'Active', sent: 0, dropped: 3, uptimeMs: 0 },
      { name: 'gone', state: null, sent: 0 },
    ),
  ).toEqual([
    'tor at 10.0.0.254: established for 65 s, 2 of 2 prefixes sent',
    'red at 10.0.0.254 in VRF red: established for 65 s, 2 of 2 prefixes sent, ended once',
    'idle at 10.0.0.254: Active, 0 of 2 prefixes sent, ended 3 times',
    'gone at 10.0.0.254: FRR does not tell of it, 0 of 2 prefixes sent',
  ])
})

test('a session with BFD says how that is', () => {
  const counts = { controlInput: 1, controlOutput: 1, echoInput: 0, echoOutput: 0 }
  const events = { upEvents: 0, downEvents: 1, zebraNotifications: 1 }
  const bfd = { vrf: '', peer: '10.0.0.254', interface: '', status: 'down', ...counts, ...events }
  expect(linesOf({ bfd })).toEqual([
    'tor at 10.0.0.254: established for 65 s, BFD down, 2 of 2 prefixes sent',
  ])
})

test('frr-k8s tells of its sessions itself', () => {
  const peers = [PEER, { ...PEER, name: 'spine', prefixes: 1 }]
  const view = { ...VIEW, engine: 'frr-k8s', peers } as const
  expect(bgpLines(view)).toEqual([
    'The FRRConfiguration is written: router identifier 10.0.0.1, 1 prefix',
    'tor at 10.0.0.254: left to frr-k8s, with 2 prefixes',
    'spine at 10.0.0.254: left to frr-k8s, with 1 prefix',
  ])
  const failure = 'the server answers 403'
  expect(bgpLines({ ...view, failure, peers: [] })).toEqual([
    'The FRRConfiguration cannot be written: the server answers 403',
    'no session is for this Node',
  ])
})

test('what is announced to whom, and what should be settled', () => {
  const addresses = [{ address: '192.0.2.1', service: 'shop/web', peers: ['spine', 'tor'] }]
  const problems = [{ object: 'BGPPeer/tor', problem: 'spec.peerASN: found 0' }]
  expect(bgpLines({ ...VIEW, addresses, problems }).slice(2)).toEqual([
    '192.0.2.1 (shop/web): to spine, tor',
    'BGPPeer/tor: spec.peerASN: found 0',
  ])
})
