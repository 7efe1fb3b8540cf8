import { expect, test } from 'vitest'
import type { BgpRoute } from '../../src/announce/bgp/decision.ts'
import { advertisedTo } from '../../src/render/bgp/frr-advertised.ts'

function route(prefix: string, localPref: number, communities: readonly string[] = []): BgpRoute {
  const attributes = { communities, largeCommunities: [], localPref }
  return { prefix, to: new Map([['tor', attributes]]) } as unknown as BgpRoute
}

test('what a neighbour gets is listed by attribute, each in order', () => {
  const routes = [
    route('198.51.100.2/32', 200, ['65000:2', '65000:1']),
    route('198.51.100.1/32', 100, ['65000:1']),
    route('198.51.100.3/32', 0),
  ]
  expect(advertisedTo('tor', routes)).toEqual({
    allowed: { prefixes: ['198.51.100.1/32', '198.51.100.2/32', '198.51.100.3/32'] },
    withCommunity: [
      { community: '65000:1', prefixes: ['198.51.100.2/32', '198.51.100.1/32'] },
      { community: '65000:2', prefixes: ['198.51.100.2/32'] },
    ],
    withLocalPref: [
      { localPref: 100, prefixes: ['198.51.100.1/32'] },
      { localPref: 200, prefixes: ['198.51.100.2/32'] },
    ],
  })
  expect(advertisedTo('nobody', routes)).toEqual({})
})
