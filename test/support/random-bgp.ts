import fc from 'fast-check'
import type { BfdProfile } from '../../src/announce/bgp/bfd-profile.ts'
import type {
  BgpAnnouncements,
  BgpRoute,
  BgpSession,
  RemoteAs,
  RouteAttributes,
  SessionEnd,
} from '../../src/announce/bgp/decision.ts'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import { placeOf } from '../../src/announce/bgp/session-end.ts'
import { type Address, type Cidr, familyOf, type Port } from '../../src/model/address.ts'

const ENDS: readonly SessionEnd[] = [
  ...['10.0.0.254', '10.0.1.254', '2001:db8::fe', 'fd00::1'].map(
    (address): SessionEnd => ({ kind: 'address', address: address as Address }),
  ),
  { kind: 'interface', interface: 'eth1' },
  { kind: 'interface', interface: 'bond0.12@x' },
]
const ASNS = [64501, 64502] as const
const REMOTE: readonly RemoteAs[] = [
  { kind: 'number', asn: 65000 },
  { kind: 'number', asn: 64501 },
  { kind: 'internal' },
  { kind: 'external' },
]
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

function maybe<Value>(...values: readonly Value[]): fc.Arbitrary<Value | undefined> {
  return fc.option(fc.constantFrom(...values), { nil: undefined })
}

/** The sessions of one VRF. */
interface Router {
  readonly vrf: string
  readonly asn: number
  readonly peers: readonly BgpSession[]
}

function peerAt(end: SessionEnd, vrf: string, myAsn: number): fc.Arbitrary<BgpSession> {
  return fc.record({
    name: fc.constant(`${placeOf(end)}${vrf}`),
    end: fc.constant(end),
    vrf: fc.constant(vrf),
    myAsn: fc.constant(myAsn),
    remoteAs: fc.constantFrom(...REMOTE),
    families: fc.subarray(['ipv4', 'ipv6'] as const, { minLength: 1 }),
    ebgpMultihop: fc.boolean(),
    gracefulRestart: fc.boolean(),
    localAsn: maybe(64700, 64701),
    bfdProfile: maybe('fast', 'slow'),
    password: maybe(...PASSWORDS.map((each) => new SecretText(each))),
    port: fc.constantFrom(179 as Port, 1179 as Port),
    sourceAddress: maybe('10.0.0.1' as Address, '2001:db8::1' as Address),
    timers: fc.option(
      fc.record({ keepalive: fc.constantFrom(0, 1, 3, 60), hold: fc.constantFrom(0, 4, 9, 180) }),
      { nil: undefined },
    ),
    connectTime: maybe(1, 120, 65535),
  })
}

function routerIn(vrf: string): fc.Arbitrary<Router> {
  return fc.tuple(fc.constantFrom(...ASNS), fc.subarray([...ENDS])).chain(([asn, ends]) =>
    fc.record({
      vrf: fc.constant(vrf),
      asn: fc.constant(asn),
      peers: fc.tuple(...ends.map((end) => peerAt(end, vrf, asn))),
    }),
  )
}

const attributes: fc.Arbitrary<RouteAttributes> = fc.record({
  communities: fc.subarray(COMMUNITIES),
  largeCommunities: fc.subarray(LARGE),
  localPref: maybe(0, 100, 200),
  weight: maybe(1, 3, 25_600),
})

/** Few attributes, so that prefixes often share a class; peers get prefixes of their families alone. */
function routesOf({ vrf, peers }: Router): fc.Arbitrary<BgpRoute[]> {
  const namesFor = (prefix: Cidr): readonly string[] =>
    peers.filter(({ families }) => families.includes(familyOf(prefix))).map(({ name }) => name)
  const route = (prefix: Cidr): fc.Arbitrary<BgpRoute> =>
    fc
      .tuple(
        fc.subarray([...namesFor(prefix)], { minLength: 1 }),
        fc.array(attributes, { minLength: 1, maxLength: 2 }),
      )
      .map(([names, choices]) => {
        const sent = names.map((name, at): [string, RouteAttributes] => [
          name,
          choices[at % choices.length] as RouteAttributes,
        ])
        return { vrf, prefix, to: new Map(sent) }
      })
  return fc
    .subarray(PREFIXES.filter((prefix) => namesFor(prefix).length > 0))
    .chain((prefixes) => fc.tuple(...prefixes.map(route)))
}

function profile(name: string): fc.Arbitrary<BfdProfile> {
  const interval = maybe(50, 100, 300)
  return fc.record({
    name: fc.constant(name),
    namespace: fc.constant('metallb-system'),
    echoMode: fc.boolean(),
    passiveMode: fc.boolean(),
    transmitInterval: interval,
    receiveInterval: interval,
    detectMultiplier: maybe(2, 3, 255),
    echoInterval: interval,
    minimumTtl: maybe(1, 254),
  })
}

/** Anything that may be wanted, with every option of a peer. */
export const wantedBgp: fc.Arbitrary<BgpAnnouncements> = fc
  .subarray(['', 'red'])
  .chain((vrfs) => fc.tuple(...vrfs.map(routerIn)))
  .chain((routers) =>
    fc.record({
      routerId: fc.constantFrom<Address>('10.0.0.1' as Address, '10.0.0.2' as Address),
      asns: fc.constant(new Map(routers.map(({ vrf, asn }) => [vrf, asn]))),
      peers: fc.constant(routers.flatMap(({ peers }) => peers)),
      bfdProfiles: fc
        .subarray(['fast', 'slow'])
        .chain((names) => fc.tuple(...names.map((name) => profile(name)))),
      routes: fc.tuple(...routers.map(routesOf)).map((lists) => lists.flat()),
    }),
  )
