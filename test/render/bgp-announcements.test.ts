import { expect, test } from 'vitest'
import type { BgpObjects } from '../../src/announce/bgp/objects.ts'
import type { BgpPeer } from '../../src/announce/bgp/peer.ts'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { leftOutOf } from '../../src/render/bgp/left-out.ts'
import { printTree } from '../../src/ruleset/bgp/frr-print.ts'
import { at, bgpAdvertisement, decided, peer, profile } from '../announce/bgp/objects.ts'

function printed(rest: Partial<BgpObjects>): string {
  return printTree(treeOf(decided(rest)))
}

const everything: Partial<BgpPeer> = {
  ...{ localAsn: 64700, sourceAddress: '10.0.0.11' as Address, port: 1179 as Port },
  ...{ timers: { hold: 9, keepalive: 3 }, connectTime: 5, bfdProfile: 'fast' },
  ...{ gracefulRestart: true, ebgpMultihop: true, families: ['ipv4', 'ipv6'] },
  password: { kind: 'text', text: new SecretText('hunter2') },
}

test('every field of a session has its line', () => {
  const fast = profile('fast', {
    ...{ receiveInterval: 100, transmitInterval: 200, echoInterval: 60, detectMultiplier: 5 },
    ...{ minimumTtl: 200, passiveMode: true },
  })
  const lines = printed({ peers: [peer('tor', everything)], bfdProfiles: [fast] }).split('\n')
  const found = lines.map((line) => line.trim())
  for (const option of [
    'remote-as 64501',
    'local-as 64700 no-prepend replace-as',
    'bfd profile fast',
    'password ***',
    'ebgp-multihop 255',
    'port 1179',
    'update-source 10.0.0.11',
    'timers 3 9',
    'timers connect 5',
    'graceful-restart',
  ]) {
    expect(found).toContain(`neighbor 10.0.0.1 ${option}`)
  }
  expect(found.slice(found.indexOf('profile fast') + 1)).toEqual([
    ...['detect-multiplier 5', 'transmit-interval 200', 'receive-interval 100', 'passive-mode'],
    ...['echo transmit-interval 60', 'echo receive-interval 60', 'minimum-ttl 200'],
    ...['exit', 'exit', ''],
  ])
})

test('peers are known by their places, each in its VRF', () => {
  const text = printed({
    peers: [
      peer('a', { remoteAs: { kind: 'internal' }, families: ['ipv4'] }),
      peer('b', { vrf: 'red', myAsn: 64777, remoteAs: { kind: 'external' } }),
      peer('c', { end: { kind: 'interface', interface: 'eth1' }, families: ['ipv4', 'ipv6'] }),
    ],
    advertisements: [bgpAdvertisement('some', { peers: ['a', 'c'], localPref: 200 })],
  })
  expect(text).toContain('router bgp 64777 vrf red\n')
  expect(text).toContain(' neighbor 10.0.0.1 remote-as external\n')
  expect(text).toContain(' neighbor 10.0.0.1 remote-as internal\n')
  expect(text).toContain(' neighbor eth1 interface remote-as 64501\n')
  expect(text.match(/ {2}network 192\.0\.2\.1\/32 route-map/g)).toHaveLength(1)
  expect(text.match(/ set local-preference 200\n/g)).toHaveLength(2)
})

test.each<[string, Partial<BgpPeer>, readonly string[]]>([
  ['a peer of another AS', { ebgpMultihop: true, localAsn: 1 }, []],
  [
    'a peer of the same AS',
    { remoteAs: { kind: 'number', asn: 64500 }, ebgpMultihop: true, localAsn: 1 },
    [
      'spec.ebgpMultiHop: found true, expected a peer of another AS: others may be any number of hops away anyway',
      'spec.localASN: found 1, expected a peer of another AS: FRR shows 64500 to this one',
    ],
  ],
  [
    'whoever answers on an interface',
    {
      ...{ end: { kind: 'interface', interface: 'eth1' }, ebgpMultihop: true },
      sourceAddress: '10.0.0.11' as Address,
    },
    [
      'spec.sourceAddress: found 10.0.0.11 beside interface, expected one of them: FRR takes the address of the interface',
      'spec.ebgpMultiHop: found true beside interface, expected one of them: the peer is on the link',
    ],
  ],
])('what FRR does not take is told: %s', (_, options, messages) => {
  const decision = decided({ peers: [peer('tor', { end: at('10.0.0.1'), ...options })] })
  expect(leftOutOf(decision.peers)).toEqual(
    messages.map((message) => ({ object: 'BGPPeer/tor', message })),
  )
})
