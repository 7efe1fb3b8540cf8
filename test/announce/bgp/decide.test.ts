import { describe, expect, test } from 'vitest'
import type { BgpObjects } from '../../../src/announce/bgp/objects.ts'
import { printBgpWhy } from '../../../src/announce/bgp/why.ts'
import type { Address } from '../../../src/model/address.ts'
import { labels, pool, select, service } from '../objects.ts'
import {
  at,
  bgpAdvertisement,
  bgpObjects,
  decided,
  peer,
  reasonsOf,
  routesOf,
  toldOf,
} from './objects.ts'

test('an address goes to every peer of every node, with or without an endpoint there', () => {
  const found = decided({ peers: [peer('b', { end: at('10.0.0.2') }), peer('a')] }, { name: 'n9' })
  expect(routesOf(found)).toEqual(['192.0.2.1/32 -> a', '192.0.2.1/32 -> b'])
  expect(found.peers.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(found.asns).toEqual(new Map([['', 64500]]))
  expect(found.problems).toEqual([])
})

const none: readonly [string, Partial<BgpObjects>, string][] = [
  [
    'the class of another',
    { services: [service('web', ['192.0.2.1'], { class: 'x' })] },
    'other-class',
  ],
  ['no address', { services: [service('web', [])] }, 'no-address'],
  ['no pool for the address', { services: [service('web', ['203.0.113.1'])] }, 'no-pool'],
  [
    'two pools for its addresses',
    {
      services: [service('web', ['192.0.2.1', '2001:db8::1'])],
      pools: [pool('a', ['192.0.2.0/24']), pool('b', ['2001:db8::/112'])],
    },
    'pools-differ',
  ],
  ['no advertisement', { advertisements: [] }, 'no-advertisement'],
  [
    'an advertisement of another pool',
    { advertisements: [bgpAdvertisement('x', { pools: { names: ['y'], selectors: [] } })] },
    'no-advertisement',
  ],
  [
    'an advertisement with a mistake',
    { advertisements: [bgpAdvertisement('x', { communities: ['x'] })] },
    'advertisement-unusable',
  ],
  [
    'an advertisement for other Services',
    { advertisements: [bgpAdvertisement('x', { services: [select({ tier: 'front' })] })] },
    'service-not-selected',
  ],
  [
    'an advertisement for other Nodes',
    { advertisements: [bgpAdvertisement('x', { nodes: [select({ zone: 'b' })] })] },
    'node-not-selected',
  ],
  ['no endpoint', { endpoints: [] }, 'no-endpoint'],
  ['no peer', { peers: [] }, 'no-peer'],
  ['no peer for the Node', { peers: [peer('tor', { nodes: [select({ zone: 'b' })] })] }, 'no-peer'],
  ['a peer that waits', { peers: [peer('tor', { bfdProfile: 'x' })] }, 'no-peer'],
  [
    'a peer that is not named',
    { advertisements: [bgpAdvertisement('x', { peers: ['other'] })] },
    'peer-not-named',
  ],
  [
    'a list of peers of which none can be read',
    { advertisements: [bgpAdvertisement('x', { peers: [] })] },
    'peer-not-named',
  ],
  [
    'a session of the other family',
    { peers: [peer('tor', { families: ['ipv6'] })] },
    'other-family',
  ],
]

test.each(none)('with %s nothing is announced, and why is told', (_, rest, reason) => {
  const found = decided(rest)
  expect(routesOf(found)).toEqual([])
  expect(reasonsOf(found)).toEqual([reason])
  expect(found.why.map(printBgpWhy).join()).toMatch(/^[A-Z][^\n]+[^.]$/)
})

describe('a Node', () => {
  const excluded = labels({ 'node.kubernetes.io/exclude-from-external-load-balancers': '' })

  test.each([
    ['with the exclude label', { labels: excluded }, {}, 'excluded'],
    ['without a network', { networkUnavailable: true }, {}, 'network-unavailable'],
    [
      'that is cordoned',
      { cordoned: true },
      { drain: { cordoned: 'withdraw' } } as const,
      'cordoned',
    ],
  ])('%s announces nothing and keeps its sessions', (_, here, settings, reason) => {
    const found = decided({}, here, settings)
    expect(reasonsOf(found)).toEqual([reason])
    expect(found.peers).toHaveLength(1)
  })

  test.each([
    [
      'with the exclude label, where that is ignored',
      { labels: excluded },
      { ignoreExcludeLabel: true },
    ],
    ['that is cordoned', { cordoned: true }, {}],
    ['that is about to go', { departure: 'deleted' } as const, {}],
  ])('%s announces', (_, here, settings) => {
    expect(routesOf(decided({}, here, settings))).toEqual(['192.0.2.1/32 -> tor'])
  })

  test('tells of its selectors before its own state, and of this before endpoints', () => {
    const elsewhere = [bgpAdvertisement('x', { nodes: [select({ zone: 'b' })] })]
    expect(
      reasonsOf(decided({ advertisements: elsewhere, endpoints: [] }, { labels: excluded })),
    ).toEqual(['node-not-selected'])
    expect(reasonsOf(decided({ endpoints: [], peers: [] }, { labels: excluded }))).toEqual([
      'excluded',
    ])
    expect(reasonsOf(decided({ endpoints: [], peers: [] }))).toEqual(['no-endpoint'])
  })
})

test('with policy Local a Node announces what it has an endpoint for', () => {
  const services = [service('web', ['192.0.2.1'], { local: true })]
  const endpoints = [{ service: 'shop/web', any: true, nodes: ['n1'] }]
  expect(routesOf(decided({ services, endpoints }))).toEqual(['192.0.2.1/32 -> tor'])
  expect(reasonsOf(decided({ services, endpoints }, { name: 'n2' }))).toEqual(['no-local-endpoint'])
})

test('with policy Local endpoints that end count only where no Node has a ready one', () => {
  const services = [service('web', ['192.0.2.1'], { local: true })]
  const slice = { service: 'shop/web' as const, any: true }
  const [here, there] = [
    { ...slice, nodes: ['n1'] },
    { ...slice, nodes: ['n2'] },
  ]
  const ends = { ...here, ending: ['n1'] }
  const why = (...endpoints: BgpObjects['endpoints']): readonly string[] =>
    reasonsOf(decided({ services, endpoints }))
  expect(why(ends, there)).toEqual(['local-endpoints-end'])
  expect(why(ends)).toEqual(['announced'])
  expect(why(ends, { ...there, ending: ['n2'] })).toEqual(['announced'])
  // Another slice, such as that of the other family, has a ready one here.
  expect(why(ends, here, there)).toEqual(['announced'])
})

describe('a prefix', () => {
  const both = peer('tor', { families: ['ipv4', 'ipv6'] })

  test('has the length of its family with the host bits cleared', () => {
    const lengths = { ipv4: 28, ipv6: 120 }
    const services = [service('web', ['192.0.2.30', '2001:db8::1:ff'])]
    const pools = [pool('all', ['192.0.2.0/24', '2001:db8::/96'])]
    const advertisements = [bgpAdvertisement('all', { lengths })]
    const found = decided({ services, pools, peers: [both], advertisements })
    expect(routesOf(found)).toEqual(['192.0.2.16/28 -> tor', '2001:db8::1:0/120 -> tor'])
  })

  test('stays until the last Service below it goes', () => {
    const advertisements = [bgpAdvertisement('all', { lengths: { ipv4: 24, ipv6: 128 } })]
    const [a, b] = [service('a', ['192.0.2.1']), service('b', ['192.0.2.2'])]
    const one = routesOf(decided({ services: [a], advertisements }))
    expect(one).toEqual(['192.0.2.0/24 -> tor'])
    expect(routesOf(decided({ services: [a, b], advertisements }))).toEqual(one)
    expect(routesOf(decided({ services: [], advertisements }))).toEqual([])
  })

  test('is one route in each VRF, in order of VRF, family and number', () => {
    const peers = [both, peer('red', { vrf: 'red', myAsn: 1, families: ['ipv4'] })]
    const services = [service('a', ['192.0.2.10', '2001:db8::2']), service('b', ['192.0.2.9'])]
    const found = decided({ peers, services })
    expect(routesOf(found)).toEqual([
      '192.0.2.9/32 -> tor',
      '192.0.2.10/32 -> tor',
      '2001:db8::2/128 -> tor',
      'red 192.0.2.9/32 -> red',
      'red 192.0.2.10/32 -> red',
    ])
    expect(found.asns).toEqual(
      new Map([
        ['', 64500],
        ['red', 1],
      ]),
    )
  })

  test.each([
    ['24 of a pool /24', ['192.0.2.0/24'], 24, undefined],
    ['23 of a pool /24', ['192.0.2.0/24'], 23, 24],
    ['24 of two pools /25', ['192.0.2.0/25', '192.0.2.128/25'], 24, 25],
    ['28 of a range with a /28', ['192.0.2.10-192.0.2.40'], 28, undefined],
    ['27 of a range with no /27', ['192.0.2.10-192.0.2.40'], 27, 28],
    ['31 of a single address', ['192.0.2.1-192.0.2.1'], 31, 32],
  ])('of length %s is announced or told', (_, ranges, ipv4, least) => {
    const advertisements = [bgpAdvertisement('x', { lengths: { ipv4, ipv6: 128 } })]
    const services = [service('web', ['192.0.2.20'])]
    const only = ranges[0] === '192.0.2.1-192.0.2.1' ? [service('web', ['192.0.2.1'])] : services
    const found = decided({ services: only, pools: [pool('p', ranges)], advertisements })
    expect(found.routes).toHaveLength(least === undefined ? 1 : 0)
    expect(toldOf(found)).toEqual(
      least === undefined
        ? []
        : [
            `BGPAdvertisement/x: spec.aggregationLength: found ${ipv4}, expected at least ${least}, the length of a prefix in IPAddressPool p; it announces nothing of that pool`,
          ],
    )
  })
})

describe('the router identifier', () => {
  const address = (text: string) => text as Address

  test('is the one of a peer, else the IPv4 address of the Node, else made of its name', () => {
    const internal = [address('fd00::5'), address('10.0.0.5'), address('10.0.0.6')]
    const peers = [peer('a'), peer('b', { end: at('10.0.0.2'), routerId: address('10.9.9.9') })]
    expect(decided({ peers }, { internal }).routerId).toBe('10.9.9.9')
    expect(decided({}, { internal }).routerId).toBe('10.0.0.5')
    expect(decided({}, { internal: [address('fd00::5')] }).routerId).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect(decided({}, { name: 'n2' }).routerId).not.toBe(decided({}, { name: 'n1' }).routerId)
  })

  test('is not the one of a peer that does not run', () => {
    const peers = [peer('a', { routerId: address('10.9.9.9'), bfdProfile: 'x' })]
    expect(decided({ peers }, { internal: [address('10.0.0.5')] }).routerId).toBe('10.0.0.5')
  })
})

test('an advertisement that names a pool which is not there is told', () => {
  const pools = { names: ['all', 'gone'], selectors: [] }
  expect(toldOf(decided({ advertisements: [bgpAdvertisement('x', { pools })] }))).toEqual([
    'BGPAdvertisement/x: There is no IPAddressPool gone, which it names; correct the name, or create the pool',
  ])
})

test('the order of objects has no meaning', () => {
  const objects = bgpObjects({
    peers: [peer('a'), peer('b')],
    services: [service('b', ['192.0.2.1']), service('a', ['192.0.2.1'])],
  })
  const turned = {
    ...objects,
    peers: objects.peers.toReversed(),
    services: objects.services.toReversed(),
  }
  expect(decided(turned)).toEqual(decided(objects))
})
