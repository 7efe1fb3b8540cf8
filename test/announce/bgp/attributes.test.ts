import { describe, expect, test } from 'vitest'
import { labels, select, service } from '../objects.ts'
import {
  at,
  bgpAdvertisement,
  community,
  decided,
  peer,
  reasonsOf,
  routesOf,
  toldOf,
} from './objects.ts'

const front = labels({ tier: 'front' })

describe('communities', () => {
  test('of all advertisements and Services on a prefix add up', () => {
    const advertisements = [
      bgpAdvertisement('a', { communities: ['64500:300', 'customers'] }),
      bgpAdvertisement('b', { communities: ['64500:20', 'large:1:2:3', '064500:020'] }),
      bgpAdvertisement('c', { communities: ['64500:1'], services: [select({ tier: 'front' })] }),
    ]
    const services = [
      service('web', ['192.0.2.1']),
      service('api', ['192.0.2.1'], { labels: front }),
    ]
    const communities = [community('m/names', { customers: '64500:9' })]
    expect(routesOf(decided({ advertisements, services, communities }))).toEqual([
      '192.0.2.1/32 -> tor 64500:1 64500:9 64500:20 64500:300 large:1:2:3',
    ])
  })

  test('have names, of which the first object wins, and which win over values', () => {
    const communities = [
      community('m/b', { here: '64500:2', same: '64500:3' }),
      community('m/a', { here: '64500:1', '64500:7': '64500:8', same: '64500:3' }),
    ]
    const advertisements = [bgpAdvertisement('x', { communities: ['here', '64500:7', 'same'] })]
    const found = decided({ communities, advertisements })
    expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor 64500:1 64500:3 64500:8'])
    expect(toldOf(found)).toEqual([
      'Community/m/b: spec.communities: found the name here with another value than in Community m/a, expected each name once; the value 64500:1 of that one counts',
    ])
  })

  test.each(['no-exprot', '70000:1', '1:70000', 'large:1:2', 'large:1:2:4294967296', '1:2:3', ''])(
    'such as %j stop the advertisement, and others go on',
    (text) => {
      const advertisements = [
        bgpAdvertisement('bad', { communities: ['64500:1', text] }),
        bgpAdvertisement('good', { communities: ['64500:2'] }),
      ]
      const found = decided({ advertisements })
      expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor 64500:2'])
      expect(toldOf(found)).toEqual([
        `BGPAdvertisement/bad: spec.communities: found ${JSON.stringify(text)}, expected a community such as 64500:1 or large:64500:1:2, or a name that a Community has; it announces nothing`,
      ])
    },
  )

  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `64500:${from + i}`)

  test('are at most 63 in one advertisement', () => {
    expect(
      decided({ advertisements: [bgpAdvertisement('x', { communities: many(0, 63) })] }).routes,
    ).toHaveLength(1)
    const found = decided({ advertisements: [bgpAdvertisement('x', { communities: many(0, 64) })] })
    expect(found.routes).toEqual([])
    expect(toldOf(found)).toEqual([
      'BGPAdvertisement/x: spec.communities: found 64 communities, expected at most 63; it announces nothing',
    ])
  })

  test('are at most 63 on one route: the Service that goes beyond is told', () => {
    const advertisements = [
      bgpAdvertisement('a', { communities: many(0, 60) }),
      bgpAdvertisement('b', { communities: many(60, 4), services: [select({ tier: 'front' })] }),
    ]
    const services = [
      service('a', ['192.0.2.1']),
      service('b', ['192.0.2.1', '192.0.2.2'], { labels: front }),
    ]
    const found = decided({ advertisements, services })
    expect(found.routes).toHaveLength(1)
    expect(reasonsOf(found)).toEqual(['announced', 'too-many-communities'])
    expect(toldOf(found)).toEqual([
      'Service/shop/b: The route 192.0.2.1/32 to BGPPeer tor would have 64 communities, and at most 63 can be; give it fewer',
    ])
  })
})

describe('localPref', () => {
  test('of two advertisements for one prefix and one peer has to agree', () => {
    const agree = [
      bgpAdvertisement('a', { localPref: 200 }),
      bgpAdvertisement('b', { localPref: 200 }),
    ]
    expect(routesOf(decided({ advertisements: agree }))).toEqual([
      '192.0.2.1/32 -> tor localPref 200',
    ])
    const differ = [bgpAdvertisement('a', { localPref: 200 }), bgpAdvertisement('b')]
    const found = decided({ advertisements: differ })
    expect(found.routes).toEqual([])
    expect(reasonsOf(found)).toEqual(['conflicting-local-pref'])
    expect(toldOf(found)).toEqual([
      'Service/shop/web: The route 192.0.2.1/32 to BGPPeer tor can have one localPref: BGPAdvertisement a sets 200, and BGPAdvertisement b sets none; let them agree',
    ])
  })

  test('may differ between prefixes and between peers', () => {
    const advertisements = [
      bgpAdvertisement('a', { localPref: 200, peers: ['one'] }),
      bgpAdvertisement('b', { localPref: 100, peers: ['two'] }),
      bgpAdvertisement('c', { localPref: 50, lengths: { ipv4: 24, ipv6: 128 } }),
    ]
    const peers = [peer('one'), peer('two', { end: at('10.0.0.2') })]
    expect(routesOf(decided({ advertisements, peers }))).toEqual([
      '192.0.2.0/24 -> one localPref 50',
      '192.0.2.0/24 -> two localPref 50',
      '192.0.2.1/32 -> one localPref 200',
      '192.0.2.1/32 -> two localPref 100',
    ])
  })

  test('that conflicts stops all addresses of the Service, and nothing of another one', () => {
    const advertisements = [
      bgpAdvertisement('a', { localPref: 200 }),
      bgpAdvertisement('b', { localPref: 100, services: [select({ tier: 'front' })] }),
    ]
    const services = [
      service('web', ['192.0.2.1', '192.0.2.2'], { labels: front }),
      service('api', ['192.0.2.1']),
    ]
    const found = decided({ advertisements, services })
    expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor localPref 200'])
    expect(reasonsOf(found)).toEqual(['announced', 'conflicting-local-pref'])
  })
})
