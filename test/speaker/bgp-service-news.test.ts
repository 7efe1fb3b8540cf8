import { expect, test } from 'vitest'
import type { AnnouncedAddress } from '../../src/announce/bgp/announced.ts'
import type { AnnouncedServices } from '../../src/announce/service-status.ts'
import type { Address } from '../../src/model/address.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { ServiceNews } from '../../src/speaker/bgp/service-news.ts'

function web(...peers: readonly string[]): readonly AnnouncedAddress[] {
  const one = { service: 'shop/web', address: '192.0.2.1' as Address, sent: [] }
  return peers.map((peer) => ({ ...one, peer }))
}

function listening() {
  const told: BgpNews[] = []
  const wanted: AnnouncedServices[] = []
  const news = new ServiceNews({
    tell: (each) => told.push(each),
    changed: (services) => wanted.push(services),
  })
  return { told, wanted, news }
}

const announced = { event: 'bgp-service-announced', service: 'shop/web' }

test('a Service is told when it is announced, to others than before, and no more', () => {
  const { told, wanted, news } = listening()
  for (const each of [web('tor'), web('tor'), web('tor', 'too'), [], []]) news.announced(each)
  expect(told).toEqual([
    { ...announced, peers: ['tor'], began: true },
    { ...announced, peers: ['too', 'tor'], began: false },
    { event: 'bgp-service-not-announced', service: 'shop/web' },
  ])
  expect(wanted).toEqual([
    new Map([['shop/web', ['tor']]]),
    new Map([['shop/web', ['too', 'tor']]]),
    new Map(),
  ])
})

test('what an earlier process had announced did not begin with this one', () => {
  const { told, wanted, news } = listening()
  news.announced(web('tor'), web('tor'))
  news.announced([])
  news.announced(web('tor'), web('tor'))
  expect(told).toEqual([
    { ...announced, peers: ['tor'], began: false },
    { event: 'bgp-service-not-announced', service: 'shop/web' },
    { ...announced, peers: ['tor'], began: true },
  ])
  expect(wanted).toHaveLength(3)
})

test('where nothing is announced from the beginning, that is told once, so that no status is left', () => {
  const { told, wanted, news } = listening()
  news.announced([])
  news.announced([])
  expect(told).toEqual([])
  expect(wanted).toEqual([new Map()])
})
