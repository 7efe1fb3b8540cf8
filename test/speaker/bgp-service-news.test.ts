import { expect, test } from 'vitest'
import { withoutRoutes } from '../../src/announce/bgp/drain.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { ServiceNews } from '../../src/speaker/bgp/service-news.ts'
import { at, decided, peer } from '../announce/bgp/objects.ts'

test('a Service is told when it is announced, to others than before, and no more', () => {
  const told: BgpNews[] = []
  const news = new ServiceNews((each) => told.push(each))
  const one = decided()
  const two = decided({ peers: [peer('tor'), peer('too', { end: at('10.0.0.2') })] })
  for (const each of [one, one, two, withoutRoutes(two), withoutRoutes(two)]) news.announced(each)
  expect(told).toEqual([
    { event: 'bgp-service-announced', service: 'shop/web', peers: ['tor'] },
    { event: 'bgp-service-announced', service: 'shop/web', peers: ['too', 'tor'] },
    { event: 'bgp-service-not-announced', service: 'shop/web' },
  ])
})
