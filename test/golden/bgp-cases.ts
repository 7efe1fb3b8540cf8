import type { Address, Cidr } from '../../src/model/address.ts'
import type {
  PeerPlace,
  RouteAttributes,
  WantedBgp,
  WantedPeer,
  WantedRoute,
} from '../../src/render/bgp/wanted.ts'

/** A peer of another autonomous system with IPv4, unless told otherwise. */
export function peer(at: string, options: Partial<WantedPeer> = {}): WantedPeer {
  const place: PeerPlace = /[.:]/.test(at)
    ? { kind: 'address', address: at as Address }
    : { kind: 'interface', name: at }
  return { place, remoteAs: 65000, families: ['ipv4'], ...options }
}

/** A route to peers, with communities for all of them. */
export function route(
  prefix: string,
  peers: readonly string[],
  attributes: Partial<RouteAttributes> = {},
): WantedRoute {
  const all = { communities: [], largeCommunities: [], ...attributes }
  return { vrf: '', prefix: prefix as Cidr, peers: new Map(peers.map((each) => [each, all])) }
}

/** What is wanted of one router of the autonomous system 64501. */
export function wanted(
  peers: readonly WantedPeer[],
  routes: readonly WantedRoute[] = [],
  rest: Partial<WantedBgp> = {},
): WantedBgp {
  return {
    routerId: '10.0.0.1' as Address,
    routers: [{ vrf: '', asn: 64501, peers }],
    bfdProfiles: [],
    routes,
    ...rest,
  }
}

const A = '10.0.0.254'
const B = '10.0.0.253'
const FAST = { name: 'fast', transmitInterval: 100, receiveInterval: 100 }

/** Every option of a peer at once. */
export const everyOption: WantedPeer = peer(A, {
  localAs: 64700,
  bfdProfile: 'fast',
  password: 'hidden',
  multihop: true,
  port: 1179,
  sourceAddress: '10.0.0.1' as Address,
  timers: { keepalive: 5, hold: 9 },
  connectTime: 1,
  gracefulRestart: true,
})

/** What is wanted, by the behaviour that it shows; test/golden/bgp has what FRR is told. */
export const cases: Readonly<Record<string, WantedBgp>> = {
  'a-prefix-is-one-line-for-all-peers': wanted(
    [peer(A), peer(B)],
    [route('198.51.100.10/32', [A, B])],
  ),
  'attributes-differ-by-peer': wanted(
    [peer(A, { remoteAs: 'internal' }), peer(B)],
    [
      {
        vrf: '',
        prefix: '198.51.100.10/32' as Cidr,
        peers: new Map([
          [A, { communities: [], largeCommunities: [], localPref: 200 }],
          [
            B,
            {
              communities: ['65535:0', '64500:2', '64500:1', '64500:2'],
              largeCommunities: ['64500:1:10', '64500:1:2'],
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
      route('198.51.100.10/32', [A], { communities: ['64500:1'], bandwidth: 3 }),
      route('198.51.100.11/32', [A], { bandwidth: 1 }),
    ],
  ),
  'a-peer-without-routes-has-a-session': wanted([peer(A)]),
  'every-option-of-a-peer': wanted([everyOption], [], { bfdProfiles: [FAST] }),
  'what-fits-only-other-systems-is-left-out-for-ones-own': wanted([
    { ...everyOption, remoteAs: 'internal', families: ['ipv4', 'ipv6'] },
    peer('fd00::1', { remoteAs: 64501, families: ['ipv6'] }),
  ]),
  'ipv6-peers-need-not-be-connected': wanted(
    [peer('2001:db8::fe', { remoteAs: 'external', families: ['ipv6'] })],
    [route('2001:db8:1::5/128', ['2001:db8::fe'])],
  ),
  'a-peer-on-an-interface-has-both-families': wanted(
    [peer('eth0', { ...everyOption, place: { kind: 'interface', name: 'eth0' } })].map((each) => ({
      ...each,
      families: ['ipv4', 'ipv6'],
    })),
    [route('198.51.100.10/32', ['eth0']), route('2001:db8:1::5/128', ['eth0'])],
  ),
  'each-vrf-has-a-router-and-maps': wanted(
    [],
    [route('198.51.100.10/32', [A]), { ...route('198.51.100.10/32', [A]), vrf: 'red' }],
    {
      routers: [
        { vrf: '', asn: 64501, peers: [peer(A)] },
        { vrf: 'red', asn: 64502, peers: [peer(A)] },
      ],
    },
  ),
  'of-a-bfd-profile-only-what-is-not-usual': wanted([], [], {
    routers: [],
    bfdProfiles: [
      {
        name: 'usual',
        transmitInterval: 300,
        detectMultiplier: 3,
        echoInterval: 50,
        minimumTtl: 254,
      },
      {
        name: 'all',
        transmitInterval: 50,
        receiveInterval: 60,
        detectMultiplier: 5,
        echoMode: true,
        echoInterval: 70,
        passiveMode: true,
        minimumTtl: 1,
      },
    ],
  }),
}
