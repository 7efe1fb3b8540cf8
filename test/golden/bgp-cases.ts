import type {
  BgpAnnouncements,
  BgpRoute,
  BgpSession,
  RouteAttributes,
} from '../../src/announce/bgp/decision.ts'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { profile } from '../announce/bgp/objects.ts'

/** The AS number of the node. */
const OWN = 64501

/** A session with another autonomous system for IPv4, unless told otherwise; its BGPPeer is named so, too. */
export function peer(at: string, options: Partial<BgpSession> = {}): BgpSession {
  const end: BgpSession['end'] = /[.:]/.test(at)
    ? { kind: 'address', address: at as Address }
    : { kind: 'interface', interface: at }
  return {
    ...{ name: at, end, vrf: '', myAsn: OWN, remoteAs: { kind: 'number', asn: 65000 } },
    ...{ localAsn: undefined, sourceAddress: undefined, port: 179 as Port, timers: undefined },
    ...{ connectTime: undefined, password: undefined, bfdProfile: undefined },
    ...{ gracefulRestart: false, ebgpMultihop: false, families: ['ipv4'] },
    ...options,
  }
}

/** A route to peers, with communities for all of them. */
export function route(
  prefix: string,
  peers: readonly string[],
  attributes: Partial<RouteAttributes> = {},
): BgpRoute {
  const none = { communities: [], largeCommunities: [], localPref: undefined, weight: undefined }
  const all = { ...none, ...attributes }
  return { vrf: '', prefix: prefix as Cidr, to: new Map(peers.map((each) => [each, all])) }
}

/** What is announced by the autonomous system 64501. */
export function wanted(
  peers: readonly BgpSession[],
  routes: readonly BgpRoute[] = [],
  rest: Partial<BgpAnnouncements> = {},
): BgpAnnouncements {
  return {
    ...{ routerId: '10.0.0.1' as Address, asns: new Map([['', OWN]]), peers, bfdProfiles: [] },
    ...{ routes, ...rest },
  }
}

/** Nothing at all. */
export const nothing: BgpAnnouncements = wanted([], [], { asns: new Map() })

const A = '10.0.0.254'
const B = '10.0.0.253'
const FAST = profile('fast', { transmitInterval: 100, receiveInterval: 100 })

/** Every option of a peer at once. */
export const everyOption: BgpSession = peer(A, {
  localAsn: 64700,
  bfdProfile: 'fast',
  password: new SecretText('hidden'),
  ebgpMultihop: true,
  port: 1179 as Port,
  sourceAddress: '10.0.0.1' as Address,
  timers: { keepalive: 5, hold: 9 },
  connectTime: 1,
  gracefulRestart: true,
})

/** What is wanted, by the behaviour that it shows; test/golden/bgp has what FRR is told. */
export const cases: Readonly<Record<string, BgpAnnouncements>> = {
  'a-prefix-is-one-line-for-all-peers': wanted(
    [peer(A), peer(B)],
    [route('198.51.100.10/32', [A, B])],
  ),
  'attributes-differ-by-peer': wanted(
    [peer(A, { remoteAs: { kind: 'internal' } }), peer(B)],
    [
      {
        vrf: '',
        prefix: '198.51.100.10/32' as Cidr,
        to: new Map([
          [A, { communities: [], largeCommunities: [], localPref: 200, weight: undefined }],
          [
            B,
            {
              communities: ['65535:0', '64500:2', '64500:1', '64500:2'],
              largeCommunities: ['64500:1:10', '64500:1:2'],
              ...{ localPref: undefined, weight: undefined },
            },
          ],
        ]),
      },
    ],
  ),
  'prefixes-that-are-treated-alike-share-a-class': wanted(
    [peer(A)],
    [
      route('198.51.100.10/32', [A], { communities: ['64500:1', '64500:2'] }),
      route('198.51.100.11/32', [A], { communities: ['64500:2', '64500:1'] }),
      route('198.51.100.128/25', [A]),
    ],
  ),
  'a-peer-gets-only-what-is-for-it': wanted(
    [peer(A), peer(B)],
    [route('198.51.100.10/32', [A]), route('198.51.100.11/32', [B])],
  ),
  'a-route-says-how-many-endpoints-its-node-has': wanted(
    [peer(A)],
    [
      route('198.51.100.10/32', [A], { communities: ['64500:1'], weight: 3 }),
      route('198.51.100.11/32', [A], { weight: 1 }),
    ],
  ),
  'a-peer-without-routes-has-a-session': wanted([peer(A)]),
  'every-option-of-a-peer': wanted([everyOption], [], { bfdProfiles: [FAST] }),
  'what-fits-only-other-systems-is-left-out-for-ones-own': wanted([
    { ...everyOption, remoteAs: { kind: 'internal' }, families: ['ipv4', 'ipv6'] },
    peer('fd00::1', { remoteAs: { kind: 'number', asn: OWN }, families: ['ipv6'] }),
  ]),
  'ipv6-peers-need-not-be-connected': wanted(
    [peer('2001:db8::fe', { remoteAs: { kind: 'external' }, families: ['ipv6'] })],
    [route('2001:db8:1::5/128', ['2001:db8::fe'])],
  ),
  'a-peer-on-an-interface-has-both-families': wanted(
    [
      {
        ...everyOption,
        ...{ name: 'eth0', end: { kind: 'interface', interface: 'eth0' } },
        families: ['ipv4', 'ipv6'],
      },
    ],
    [route('198.51.100.10/32', ['eth0']), route('2001:db8:1::5/128', ['eth0'])],
  ),
  'each-vrf-has-a-router-and-maps': wanted(
    [peer(A), peer(A, { name: 'red', vrf: 'red', myAsn: 64502 })],
    [route('198.51.100.10/32', [A]), { ...route('198.51.100.10/32', ['red']), vrf: 'red' }],
    {
      asns: new Map([
        ['', OWN],
        ['red', 64502],
      ]),
    },
  ),
  'of-a-bfd-profile-only-what-is-not-usual': {
    ...nothing,
    bfdProfiles: [
      profile('usual', {
        ...{ transmitInterval: 300, detectMultiplier: 3, echoInterval: 50, minimumTtl: 254 },
      }),
      profile('all', {
        ...{ transmitInterval: 50, receiveInterval: 60, detectMultiplier: 5, minimumTtl: 1 },
        ...{ echoMode: true, echoInterval: 70, passiveMode: true },
      }),
    ],
  },
}
