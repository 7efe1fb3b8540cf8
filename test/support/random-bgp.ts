import fc from 'fast-check'
import { type Address, type Cidr, familyOf } from '../../src/model/address.ts'
import {
  type PeerPlace,
  peerWord,
  type RouteAttributes,
  type WantedBfdProfile,
  type WantedBgp,
  type WantedPeer,
  type WantedRoute,
  type WantedRouter,
} from '../../src/render/bgp/wanted.ts'

const PLACES: readonly PeerPlace[] = [
  ...['10.0.0.254', '10.0.1.254', '2001:db8::fe', 'fd00::1'].map(
    (address): PeerPlace => ({ kind: 'address', address: address as Address }),
  ),
  { kind: 'interface', name: 'eth1' },
  { kind: 'interface', name: 'bond0.12@x' },
]
const ASNS = [64501, 64502] as const
const PREFIXES = [
  '198.51.100.10/32',
  '198.51.100.11/32',
  '198.51.100.128/25',
  '2001:db8:1::5/128',
  '2001:db8:2::/64',
] as readonly string[] as readonly Cidr[]
/** All printable characters may be in a password. */
const PASSWORDS = ['secret', '`~#!|?"\'$;\\{}[]^&*()', 'no', 'x'.repeat(80)]
const COMMUNITIES = ['64500:1', '64500:2', '0:0', '65535:0', '65535:666', '65535:65281', '65535:9']
const LARGE = ['64500:1:2', '64500:1:10', '4294967295:0:0']

/** A field of an object that may not be there at all. */
function maybe<Name extends string, Value>(name: Name, value: fc.Arbitrary<Value>) {
  return fc.option(value).map((found) => (found === null ? {} : { [name]: found }))
}

function peerAt(place: PeerPlace): fc.Arbitrary<WantedPeer> {
  const address = fc.constantFrom<Address>('10.0.0.1' as Address, '2001:db8::1' as Address)
  return fc
    .tuple(
      fc.record({
        remoteAs: fc.constantFrom<WantedPeer['remoteAs']>(65000, 64501, 'internal', 'external'),
        families: fc.subarray(['ipv4', 'ipv6'] as const, { minLength: 1 }),
        multihop: fc.boolean(),
        gracefulRestart: fc.boolean(),
      }),
      maybe('localAs', fc.constantFrom(64700, 64701)),
      maybe('bfdProfile', fc.constantFrom('fast', 'slow')),
      maybe('password', fc.constantFrom(...PASSWORDS)),
      maybe('port', fc.constantFrom(179, 1179)),
      maybe('sourceAddress', address),
      maybe(
        'timers',
        fc.record({ keepalive: fc.constantFrom(0, 1, 3, 60), hold: fc.constantFrom(0, 4, 9, 180) }),
      ),
      maybe('connectTime', fc.constantFrom(1, 120, 65535)),
    )
    .map((parts): WantedPeer => Object.assign({ place }, ...parts))
}

function routerIn(vrf: string): fc.Arbitrary<WantedRouter> {
  return fc.record({
    vrf: fc.constant(vrf),
    asn: fc.constantFrom(...ASNS),
    peers: fc
      .subarray([...PLACES])
      .chain((places) => fc.tuple(...places.map((place) => peerAt(place)))),
  })
}

const attributes: fc.Arbitrary<RouteAttributes> = fc
  .tuple(
    fc.record({
      communities: fc.subarray(COMMUNITIES),
      largeCommunities: fc.subarray(LARGE),
    }),
    maybe('localPref', fc.constantFrom(0, 100, 200)),
    maybe('bandwidth', fc.constantFrom(1, 3, 25_600)),
  )
  .map((parts): RouteAttributes => Object.assign({}, ...parts))

/** Few attributes, so that prefixes often share a class; peers get prefixes of their families alone. */
function routesOf({ vrf, peers }: WantedRouter): fc.Arbitrary<WantedRoute[]> {
  const wordsFor = (prefix: Cidr): readonly string[] =>
    peers
      .filter(({ families }) => families.includes(familyOf(prefix)))
      .map(({ place }) => peerWord(place))
  const route = (prefix: Cidr): fc.Arbitrary<WantedRoute> =>
    fc
      .tuple(
        fc.subarray([...wordsFor(prefix)], { minLength: 1 }),
        fc.array(attributes, { minLength: 1, maxLength: 2 }),
      )
      .map(([words, choices]) => {
        const sent = words.map((word, at): [string, RouteAttributes] => [
          word,
          choices[at % choices.length] as RouteAttributes,
        ])
        return { vrf, prefix, peers: new Map(sent) }
      })
  return fc
    .subarray(PREFIXES.filter((prefix) => wordsFor(prefix).length > 0))
    .chain((prefixes) => fc.tuple(...prefixes.map(route)))
}

function profile(name: string): fc.Arbitrary<WantedBfdProfile> {
  const interval = fc.constantFrom(50, 100, 300)
  return fc
    .tuple(
      fc.record({ echoMode: fc.boolean(), passiveMode: fc.boolean() }),
      maybe('transmitInterval', interval),
      maybe('receiveInterval', interval),
      maybe('detectMultiplier', fc.constantFrom(2, 3, 255)),
      maybe('echoInterval', interval),
      maybe('minimumTtl', fc.constantFrom(1, 254)),
    )
    .map((parts): WantedBfdProfile => Object.assign({ name }, ...parts))
}

/** Anything that may be wanted, with every option of a peer. */
export const wantedBgp: fc.Arbitrary<WantedBgp> = fc
  .subarray(['', 'red'])
  .chain((vrfs) => fc.tuple(...vrfs.map(routerIn)))
  .chain((routers) =>
    fc.record({
      routerId: fc.constantFrom<Address>('10.0.0.1' as Address, '10.0.0.2' as Address),
      routers: fc.constant(routers),
      bfdProfiles: fc
        .subarray(['fast', 'slow'])
        .chain((names) => fc.tuple(...names.map((name) => profile(name)))),
      routes: fc.tuple(...routers.map(routesOf)).map((lists) => lists.flat()),
    }),
  )
