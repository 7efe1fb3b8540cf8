import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { decodeAnnouncingConfigMap } from '../../src/decode/announcing/config-map.ts'

// What the old ConfigMap usually has is in test/golden/announcers/bgp-config-map*.

const named = { namespace: 'metallb-system', name: 'config' }
const pool = { name: 'default', protocol: 'bgp', addresses: ['192.0.2.0/24'] }
const peer = { 'my-asn': 64500, 'peer-asn': 64501, 'peer-address': '10.0.0.1' }

function read(config: unknown) {
  const text = typeof config === 'string' ? config : stringify(config)
  const decoded = decodeAnnouncingConfigMap({ metadata: named, data: { config: text } }, 'x')
  const said = decoded.problems.map(({ path, found, expected }) => {
    return `${path}: found ${found}, expected ${expected}`
  })
  return { decoded, said, old: decoded.kind === 'old' ? decoded.old : undefined }
}

test('peers alone count: they have sessions before there are pools', () => {
  const { old, said } = read({ peers: [peer] })
  expect(old?.bgp.peers.map(({ name, timers }) => ({ name, timers }))).toEqual([
    { name: 'peer1', timers: { hold: 90, keepalive: 30 } },
  ])
  expect(said).toEqual([])
})

test.each(['', 'other: things', 'peers: here', 'peers: [', '- peers'])(
  'a ConfigMap of somebody else is ignored: %s',
  (text) => {
    expect(read(text).decoded.kind).toBe('ignored')
  },
)

test('so is one without a text at that place', () => {
  expect(decodeAnnouncingConfigMap({ metadata: named, data: {} }, 'x').kind).toBe('ignored')
})

test('one without a readable pool is invalid, so that what was read before stays', () => {
  expect(read({ 'address-pools': [{ ...pool, addresses: ['x'] }] }).decoded.kind).toBe('invalid')
})

test('a pool of BGP has an advertisement, and one of layer 2 another kind of it', () => {
  const lan = { name: 'lan of the office', protocol: 'layer2', addresses: ['192.0.3.0/24'] }
  const { old } = read({ 'address-pools': [{ ...pool, 'bgp-advertisements': [] }, lan] })
  const pools = (name: string) => ({ names: [name], selectors: [] })
  expect(old?.bgp.advertisements).toMatchObject([{ name: 'default', pools: pools('default') }])
  expect(old?.advertisements).toMatchObject([
    { name: 'lan of the office', pools: pools('lan of the office') },
  ])
  expect(old?.pools.map(({ name }) => name)).toEqual(['default', 'lan of the office'])
})

test.each([
  ['peers: found "none", expected a list', { peers: 'none', 'address-pools': [pool] }],
  ['peers[0]: found 7, expected an object', { peers: [7] }],
  [
    'peers[0].node-selectors: found 7, expected a list',
    { peers: [{ ...peer, 'node-selectors': 7 }] },
  ],
  [
    'peers[0].node-selectors[0]: found 7, expected an object',
    { peers: [{ ...peer, 'node-selectors': [7] }] },
  ],
  [
    'peers[0].node-selectors[0].match-labels.match-labels: found 7, expected text, in quotes if need be',
    { peers: [{ ...peer, 'node-selectors': [{ 'match-labels': { 'match-labels': 7 } }] }] },
  ],
  [
    'peers[0].node-selectors[0].match-fields: found an unknown field, expected matchLabels or matchExpressions',
    { peers: [{ ...peer, 'node-selectors': [{ 'match-fields': {} }] }] },
  ],
  [
    'peers[0].name: found "Tor", expected a name in lower-case letters, digits, "-" and "."',
    { peers: [{ ...peer, name: 'Tor' }] },
  ],
  [
    'peers[1].my-asn: found nothing, expected it in every peer',
    { peers: [peer, { ...peer, 'my-asn': 0 }] },
  ],
  [
    'bgp-communities.here: found "64500", expected a community such as 64500:1 or large:64500:1:2',
    { peers: [peer], 'bgp-communities': { here: '64500' } },
  ],
  [
    'address-pools[0].bgp-advertisements: found 7, expected a list',
    { 'address-pools': [{ ...pool, 'bgp-advertisements': 7 }] },
  ],
  [
    'address-pools[0].bgp-advertisements[0].communities[1]: found "64500:1", expected each entry once',
    {
      'address-pools': [
        { ...pool, 'bgp-advertisements': [{ communities: ['64500:1', '64500:1'] }] },
      ],
    },
  ],
  [
    'address-pools[0].bgp-advertisements[0].local-pref: found 7, expected one of the fields aggregation-length, aggregation-length-v6, localpref, communities, peers',
    { 'address-pools': [{ ...pool, 'bgp-advertisements': [{ 'local-pref': 7 }] }] },
  ],
  [
    'bfd-profiles[0].name: found nothing, expected a name in lower-case letters, digits, "-" and "."',
    { peers: [peer], 'bfd-profiles': [{}] },
  ],
])('data.config.%s', (problem, config) => {
  expect(read(config).said).toEqual([`data.config.${problem}`])
})
