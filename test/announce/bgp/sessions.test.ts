import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { BgpSecret } from '../../../src/announce/bgp/password.ts'
import { SecretText } from '../../../src/announce/bgp/secret-text.ts'
import type { Address } from '../../../src/model/address.ts'
import { service } from '../objects.ts'
import { at, decided, decidedAfter, peer, profile, toldOf } from './objects.ts'

const SECRET = 'metallb-system/tor'

function withSecret(secret: Partial<BgpSecret> | undefined) {
  const whole: BgpSecret = {
    ...{ name: SECRET, type: 'kubernetes.io/basic-auth', password: new SecretText('hunter2') },
    ...secret,
  }
  const secrets = new Map(secret === undefined ? [] : [[SECRET, whole]])
  return decided({
    secrets,
    peers: [peer('tor', { password: { kind: 'secret', secret: SECRET } })],
  })
}

describe('a password', () => {
  test('comes from the Secret that a peer names', () => {
    expect(withSecret({}).peers.map(({ password }) => password?.reveal())).toEqual(['hunter2'])
  })

  test.each<[string, Partial<BgpSecret> | undefined, string]>([
    [
      'no Secret',
      undefined,
      'found no Secret metallb-system/tor, expected a Secret of type kubernetes.io/basic-auth',
    ],
    [
      'another type',
      { type: 'Opaque' },
      'found Secret metallb-system/tor of type "Opaque", expected the type kubernetes.io/basic-auth',
    ],
    [
      'no key',
      { password: undefined },
      'found Secret metallb-system/tor without it, expected the key password in it',
    ],
    [
      'an empty text',
      { password: new SecretText('') },
      'found an empty password in Secret metallb-system/tor, expected 1 to 80 bytes without white space and control characters',
    ],
    [
      '81 bytes',
      { password: new SecretText(`${'ü'.repeat(40)}x`) },
      'found a password of 81 bytes in Secret metallb-system/tor, expected 1 to 80 bytes without white space and control characters',
    ],
    [
      'a line feed',
      { password: new SecretText('hunter2\n') },
      'found a password with white space or a control character in Secret metallb-system/tor, expected 1 to 80 bytes without white space and control characters',
    ],
  ])('from a Secret with %s is waited for, and its text is in no message', (_, secret, message) => {
    const found = withSecret(secret)
    expect(found.peers).toEqual([])
    expect(toldOf(found)).toEqual([
      `BGPPeer/tor: spec.passwordSecret: ${message}; its session waits for it`,
    ])
  })

  test('is shown by nothing that prints a decision', () => {
    const found = withSecret({})
    const printed = [
      JSON.stringify(found),
      inspect(found, { depth: 9, showHidden: true }),
      `${found.peers[0]?.password}`,
    ]
    for (const text of printed) expect(text).not.toContain('hunter2')
    expect(printed[2]).toBe('***')
  })

  test('of 80 bytes with every other character is taken', () => {
    const text = `#!|?"'$;\\`.padEnd(80, 'x')
    expect(withSecret({ password: new SecretText(text) }).peers[0]?.password?.reveal()).toBe(text)
  })
})

describe('of two peers the later name loses', () => {
  const link = { kind: 'interface', interface: 'eth1' } as const
  const id = (text: string) => text as Address
  const elsewhere = { end: at('10.0.0.2') }

  test.each([
    [
      'one address',
      {},
      {},
      'spec.peerAddress: found 10.0.0.1, which BGPPeer a has, expected another one',
    ],
    [
      'one address in a VRF',
      { vrf: 'red' },
      { vrf: 'red' },
      'spec.peerAddress: found 10.0.0.1, which BGPPeer a has, expected another one in VRF red',
    ],
    [
      'one interface',
      { end: link },
      { end: link },
      'spec.interface: found eth1, which BGPPeer a has, expected another one',
    ],
    [
      'two AS numbers of the node',
      {},
      { ...elsewhere, myAsn: 2 },
      'spec.myASN: found 2, expected 64500, which BGPPeer a has',
    ],
    [
      'two router identifiers',
      { routerId: id('1.1.1.1') },
      { ...elsewhere, routerId: id('2.2.2.2') },
      'spec.routerID: found 2.2.2.2, expected 1.1.1.1, which BGPPeer a has',
    ],
  ])('with %s', (_, first, second, message) => {
    const found = decided({ peers: [peer('b', second), peer('a', first)] })
    expect(found.peers.map(({ name }) => name)).toEqual(['a'])
    expect(toldOf(found)).toEqual([`BGPPeer/b: ${message}; its session does not run`])
  })

  test('and one name in two namespaces is one name', () => {
    const found = decided({
      peers: [peer('a', { namespace: 'y', ...elsewhere }), peer('a', { namespace: 'x' })],
    })
    expect(found.peers.map(({ end }) => end)).toEqual([at('10.0.0.1')])
    expect(toldOf(found)).toEqual([
      'BGPPeer/a: metadata.name: found a in namespace y as well, expected a name of its own; its session does not run',
    ])
  })

  test('but one that does not run itself takes nothing from others', () => {
    const found = decided({ peers: [peer('a', { bfdProfile: 'gone', myAsn: 7 }), peer('b')] })
    expect(found.peers.map(({ name }) => name)).toEqual(['b'])
  })

  test.each([
    ['one address in two VRFs', { vrf: 'red' }],
    ['two AS numbers in two VRFs', { vrf: 'red', myAsn: 7 }],
    ['an address and an interface', { end: link }],
    ['a router identifier beside none', { ...elsewhere, routerId: id('1.1.1.1') }],
  ])('and with %s both run', (_, second) => {
    const found = decided({ peers: [peer('a'), peer('b', second)] })
    expect(found.peers).toHaveLength(2)
    expect(found.problems).toEqual([])
  })
})

describe('a BFDProfile', () => {
  test('is there if a session uses it, and waited for if it is not', () => {
    const bfdProfiles = [profile('slow'), profile('fast', { detectMultiplier: 5 })]
    const found = decided({
      bfdProfiles,
      peers: [
        peer('a', { bfdProfile: 'fast' }),
        peer('b', { end: at('10.0.0.2'), bfdProfile: 'fats' }),
      ],
    })
    expect(found.bfdProfiles).toEqual([profile('fast', { detectMultiplier: 5 })])
    expect(found.peers.map(({ name }) => name)).toEqual(['a'])
    expect(toldOf(found)).toEqual([
      'BGPPeer/b: spec.bfdProfile: found "fats", expected the name of a BFDProfile; its session waits for it',
    ])
  })

  test('of a name that two namespaces have is the one of the first namespace', () => {
    const bfdProfiles = [profile('fast', { namespace: 'b' }), profile('fast', { namespace: 'a' })]
    const peers = [peer('tor', { bfdProfile: 'fast' })]
    for (const given of [bfdProfiles, bfdProfiles.toReversed()]) {
      expect(decided({ peers, bfdProfiles: given }).bfdProfiles).toEqual([bfdProfiles[1]])
    }
  })

  test('with echoMode keeps IPv6 prefixes from its peer, and nothing else', () => {
    const services = [service('web', ['192.0.2.1', '2001:db8::1'])]
    const peers = [peer('tor', { bfdProfile: 'echo', families: ['ipv4', 'ipv6'] })]
    const bfdProfiles = [profile('echo', { echoMode: true })]
    const found = decided({ services, peers, bfdProfiles })
    expect(found.routes.map(({ prefix }) => prefix)).toEqual(['192.0.2.1/32'])
    expect(toldOf(found)).toEqual([
      'BGPPeer/tor: spec.bfdProfile: found "echo" with echoMode, expected a BFDProfile without it for a peer that gets IPv6 prefixes; it gets none',
    ])
    expect(toldOf(decided({ peers, bfdProfiles }))).toEqual([])
  })
})

test('graceful restart without BFD is told, and runs', () => {
  const found = decided({ peers: [peer('tor', { gracefulRestart: true })] })
  expect(found.peers).toHaveLength(1)
  expect(toldOf(found)).toEqual([
    'BGPPeer/tor: spec.enableGracefulRestart: found true without bfdProfile, expected both: without BFD the peer keeps the routes of a node that falls silent for minutes',
  ])
})

describe('a session that ran before', () => {
  const secret: BgpSecret = {
    ...{ name: SECRET, type: 'kubernetes.io/basic-auth', password: new SecretText('hunter2') },
  }
  const tor = peer('tor', { password: { kind: 'secret', secret: SECRET }, bfdProfile: 'fast' })
  const before = decided({
    peers: [tor],
    secrets: new Map([[SECRET, secret]]),
    bfdProfiles: [profile('fast', { detectMultiplier: 5 })],
  })

  test('goes on with the Secret and the BFDProfile that it had', () => {
    const found = decidedAfter(before, { peers: [tor] })
    expect(found.peers).toEqual(before.peers)
    expect(found.bfdProfiles).toMatchObject([{ name: 'fast', detectMultiplier: 5 }])
    expect(toldOf(found)).toEqual([
      'BGPPeer/tor: spec.bfdProfile: found "fast", expected the name of a BFDProfile; its session goes on with the former one',
      'BGPPeer/tor: spec.passwordSecret: found no Secret metallb-system/tor, expected a Secret of type kubernetes.io/basic-auth; its session goes on with the former one',
    ])
    // What went on once goes on again.
    expect(decidedAfter(found, { peers: [tor] }).peers).toEqual(before.peers)
  })

  test('takes what is there again', () => {
    const other = [profile('fast', { detectMultiplier: 7 })]
    const gone = decidedAfter(before, { peers: [tor] })
    const password = new SecretText('other')
    const secrets = new Map([[SECRET, { ...secret, password }]])
    const found = decidedAfter(gone, { peers: [tor], bfdProfiles: other, secrets })
    expect(found.peers[0]?.password?.reveal()).toBe('other')
    expect(found.bfdProfiles).toMatchObject([{ detectMultiplier: 7 }])
  })

  test('waits for a BFDProfile that it never had', () => {
    const changed = { ...tor, bfdProfile: 'slow' }
    const found = decidedAfter(before, { peers: [changed], secrets: new Map([[SECRET, secret]]) })
    expect(found.peers).toEqual([])
    expect(toldOf(found)[0]).toContain('; its session waits for it')
  })
})
