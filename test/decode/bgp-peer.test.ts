import { describe, expect, test } from 'vitest'
import { decodeBgpPeer } from '../../src/decode/announcing/bgp-peer.ts'
import { said } from './said.ts'

const least = { myASN: 64500, peerASN: 64501, peerAddress: '10.0.0.1' }

function read(spec: unknown, version = 'v1beta2', namespace?: string) {
  const metadata = { name: 'tor', namespace: namespace ?? 'metallb-system' }
  const decoded = decodeBgpPeer({ apiVersion: `metallb.io/${version}`, metadata, spec }, 'x.yaml')
  const peer = decoded.kind === 'peer' ? decoded.peer : undefined
  return { peer, said: said(decoded.problems) }
}

const plain = {
  ...{ name: 'tor', namespace: 'metallb-system', myAsn: 64500, localAsn: undefined },
  ...{ remoteAs: { kind: 'number', asn: 64501 }, end: { kind: 'address', address: '10.0.0.1' } },
  ...{ vrf: '', sourceAddress: undefined, routerId: undefined, port: 179, timers: undefined },
  ...{ connectTime: undefined, password: { kind: 'none' }, bfdProfile: undefined },
  ...{ gracefulRestart: false, ebgpMultihop: false, families: ['ipv4'], nodes: undefined },
}

test.each(['v1beta1', 'v1beta2'])(
  'a BGPPeer of %s with the least there can be is read',
  (version) => {
    expect(read(least, version)).toEqual({ peer: plain, said: [] })
  },
)

test('what the API server writes for nothing is nothing', () => {
  const empty = {
    ...{ localASN: 0, dynamicASN: '', interface: '', sourceAddress: '', peerPort: 0, vrf: '' },
    ...{ routerID: '', password: '', passwordSecret: { name: '' }, bfdProfile: '' },
    ...{ holdTime: null, nodeSelectors: [], disableMP: true },
  }
  expect(read({ ...least, ...empty })).toEqual({ peer: plain, said: [] })
})

test('a BGPPeer without a namespace, and its Secret, are of the namespace default', () => {
  const found = read({ ...least, passwordSecret: { name: 'tor' } }, 'v1beta2', '')
  expect(found).toEqual({
    peer: {
      ...plain,
      namespace: 'default',
      password: { kind: 'secret', secret: 'default/tor' },
    },
    said: [],
  })
})

test('a BGPPeer may never expect a sign of life', () => {
  expect(read({ ...least, holdTime: '0', keepaliveTime: '0' }).peer).toEqual({
    ...plain,
    timers: { hold: 0, keepalive: 0 },
  })
  expect(read({ ...least, keepaliveTime: '0s' }).peer).toMatchObject({
    timers: { hold: 0, keepalive: 0 },
  })
})

test('a BGPPeer has all that it can say', () => {
  const found = read({
    ...{ myASN: 4294967295, dynamicASN: 'external', localASN: 64999, peerAddress: 'fd00::1' },
    ...{ sourceAddress: 'fd00::2', routerID: '10.9.9.9', peerPort: 1179, connectTime: '5s' },
    ...{ holdTime: '90s', keepaliveTime: '10s', vrf: 'red', bfdProfile: 'fast' },
    ...{ enableGracefulRestart: true, ebgpMultiHop: true, dualStackAddressFamily: true },
    passwordSecret: { name: 'tor', namespace: 'other' },
    nodeSelectors: [{ matchLabels: { rack: 'a' } }],
  })
  expect(found.said).toEqual([])
  expect(found.peer).toEqual({
    ...{ name: 'tor', namespace: 'metallb-system', myAsn: 4294967295, localAsn: 64999 },
    ...{ remoteAs: { kind: 'external' }, end: { kind: 'address', address: 'fd00::1' } },
    ...{ vrf: 'red', sourceAddress: 'fd00::2', routerId: '10.9.9.9', port: 1179 },
    ...{ timers: { hold: 90, keepalive: 10 }, connectTime: 5, bfdProfile: 'fast' },
    password: { kind: 'secret', secret: 'other/tor' },
    ...{ gracefulRestart: true, ebgpMultihop: true, families: ['ipv4', 'ipv6'] },
    nodes: [{ requirements: [{ key: 'rack', operator: 'in', values: ['a'] }] }],
  })
})

test('a session over an interface carries both families', () => {
  const { peerAddress: _, ...rest } = least
  expect(read({ ...rest, interface: 'br-lan.100@2' }).peer).toMatchObject({
    end: { kind: 'interface', interface: 'br-lan.100@2' },
    families: ['ipv4', 'ipv6'],
  })
})

test.each([
  ['holdTime alone', { holdTime: '90s' }, { hold: 90, keepalive: 30 }],
  ['keepaliveTime alone', { keepaliveTime: '10s' }, { hold: 30, keepalive: 10 }],
  [
    'fractions of a second',
    { holdTime: '10500ms', keepaliveTime: '1.9s' },
    { hold: 10, keepalive: 1 },
  ],
  ['a third that is no whole second', { holdTime: '10s' }, { hold: 10, keepalive: 3 }],
  ['no timers at all', { holdTime: '0s' }, { hold: 0, keepalive: 0 }],
  ['the least', { holdTime: '3s', keepaliveTime: '3s' }, { hold: 3, keepalive: 3 }],
])('the timers are as expected with %s', (_, spec, timers) => {
  expect(read({ ...least, ...spec })).toMatchObject({ peer: { timers }, said: [] })
})

const NAME = '1 to 15 letters, digits, "_", ".", "@", ":" or "-"'
const ASN = 'expected an AS number from 1 to 4294967295'
const ONE_ASN = 'expected exactly one of peerASN and dynamicASN'
const ONE_END = 'expected exactly one of peerAddress and interface'
const CHARACTERS = 'expected 1 to 80 bytes without white space and control characters'

const mistakes: readonly [object, string][] = [
  [{ myASN: undefined }, `myASN: found nothing, ${ASN}`],
  [{ myASN: 0 }, `myASN: found 0, ${ASN}`],
  [{ myASN: 4294967296 }, `myASN: found 4294967296, ${ASN}`],
  [{ myASN: '64500' }, `myASN: found "64500", ${ASN}`],
  [{ localASN: -1 }, `localASN: found -1, ${ASN}`],
  [{ peerASN: 1.5 }, `peerASN: found 1.5, ${ASN}`],
  [{ peerASN: undefined }, `peerASN: found neither it nor dynamicASN, ${ONE_ASN}`],
  [{ dynamicASN: 'internal' }, `peerASN: found it beside dynamicASN, ${ONE_ASN}`],
  [
    { peerASN: undefined, dynamicASN: 'any' },
    'dynamicASN: found "any", expected internal or external',
  ],
  [{ peerAddress: undefined }, `peerAddress: found neither it nor interface, ${ONE_END}`],
  [{ interface: 'eth0' }, `peerAddress: found it beside interface, ${ONE_END}`],
  [{ peerAddress: 'router' }, 'peerAddress: found "router", expected an IPv4 or IPv6 address'],
  [{ sourceAddress: '10.0.0' }, 'sourceAddress: found "10.0.0", expected an IPv4 or IPv6 address'],
  [{ routerID: 'fd00::1' }, 'routerID: found "fd00::1", expected an IPv4 address'],
  [{ routerID: 7 }, 'routerID: found 7, expected an IPv4 or IPv6 address'],
  [
    { peerASN: 64500, ebgpMultiHop: true },
    'ebgpMultiHop: found true, expected false where peerASN is myASN',
  ],
  [{ ebgpMultiHop: 'yes' }, 'ebgpMultiHop: found "yes", expected true or false'],
  [{ peerPort: 65536 }, 'peerPort: found 65536, expected a port from 1 to 65535'],
  [{ holdTime: '2s' }, 'holdTime: found "2s", expected 0s, or from 3s to 65535s'],
  [{ holdTime: '20h' }, 'holdTime: found "20h", expected 0s, or from 3s to 65535s'],
  [{ holdTime: 90 }, 'holdTime: found 90, expected a duration such as 90s'],
  [{ keepaliveTime: '500ms' }, 'keepaliveTime: found "500ms", expected 0s, or from 1s to 21845s'],
  [
    { holdTime: '9s', keepaliveTime: '10s' },
    'keepaliveTime: found "10s", expected at most the holdTime, which is 9s',
  ],
  [
    { holdTime: '0s', keepaliveTime: '10s' },
    'keepaliveTime: found "10s", expected at most the holdTime, which is 0s',
  ],
  [
    { holdTime: '9s', keepaliveTime: '500ms' },
    'keepaliveTime: found "500ms", expected 0s, or at least 1s',
  ],
  [{ connectTime: '0s' }, 'connectTime: found "0s", expected whole seconds from 1s to 65535s'],
  [{ connectTime: '1.5s' }, 'connectTime: found "1.5s", expected whole seconds from 1s to 65535s'],
  [
    { connectTime: '65536s' },
    'connectTime: found "65536s", expected whole seconds from 1s to 65535s',
  ],
  [
    { bfdProfile: 'Fast!' },
    'bfdProfile: found "Fast!", expected a name in lower-case letters, digits, "-" and "."',
  ],
  [{ vrf: 'red\nx' }, `vrf: found "red\\nx", expected the name of a VRF, ${NAME}`],
  [
    { vrf: 'sixteen-letters-' },
    `vrf: found "sixteen-letters-", expected the name of a VRF, ${NAME}`,
  ],
  [
    { peerAddress: undefined, interface: 'eth0\n!' },
    `interface: found "eth0\\n!", expected the name of an interface, ${NAME}`,
  ],
  [
    { password: 'hunter2', passwordSecret: { name: 'tor' } },
    'passwordSecret: found it beside password, expected one of them',
  ],
  [{ password: 'hunter2'.repeat(12) }, `password: found a password of 84 bytes, ${CHARACTERS}`],
  [
    { password: 'hunter 2' },
    `password: found a password with white space or a control character, ${CHARACTERS}`,
  ],
  [
    { password: 'hunter2\u0007' },
    `password: found a password with white space or a control character, ${CHARACTERS}`,
  ],
  [
    { password: 4711 },
    'password: found a value that is no text, expected text, in quotes if need be',
  ],
  [
    { passwordSecret: { name: 'Tor' } },
    'passwordSecret.name: found "Tor", expected a name in lower-case letters, digits, "-" and "."',
  ],
  [
    { passwordSecret: 'hunter2' },
    'passwordSecret: found a value that is no object, expected the name of a Secret',
  ],
]

describe('a BGPPeer is invalid', () => {
  test.each(mistakes)('with %j', (spec, line) => {
    const found = read({ ...least, ...spec })
    expect(found).toEqual({ peer: undefined, said: [`spec.${line}`] })
    expect(found.said.join()).not.toMatch(/hunter|4711/)
  })

  test('without a specification', () => {
    expect(read(undefined).said).toEqual(['spec: found nothing, expected an object'])
  })
})

test('a bad selector of Nodes is left out, and selects none rather than all', () => {
  const found = read({ ...least, nodeSelectors: [{ matchLabels: { a: 1 } }] })
  expect(found.peer).toEqual({ ...plain, nodes: [] })
  expect(found.said).toEqual([
    'spec.nodeSelectors[0].matchLabels.a: found 1, expected text, in quotes if need be',
  ])
})

test('in v1beta1 the fields of v1beta2 are passed over, as the API server does', () => {
  const newer = { vrf: 'red', passwordSecret: { name: 'tor' }, dualStackAddressFamily: true }
  const found = read({ ...least, ...newer }, 'v1beta1')
  expect(found.peer).toEqual(plain)
  expect(found.said).toEqual(
    ['passwordSecret', 'vrf', 'dualStackAddressFamily'].map(
      (field) =>
        `spec.${field}: found a field of metallb.io/v1beta2 in metallb.io/v1beta1, expected it in that version only; it is passed over`,
    ),
  )
})

test('a password in the object is kept from sight', () => {
  const { peer } = read({ ...least, password: 'hunter2' })
  expect(JSON.stringify(peer)).not.toContain('hunter2')
  expect(peer?.password).toMatchObject({ kind: 'text' })
  expect(peer?.password.kind === 'text' && peer.password.text.reveal()).toBe('hunter2')
})
