import { expect, test } from 'vitest'
import { shuttingDown, withoutRoutes } from '../../../src/announce/bgp/drain.ts'
import { bgpAdvertisement, decided, routesOf } from './objects.ts'

const announced = decided({
  advertisements: [
    bgpAdvertisement('all', { localPref: 200, communities: ['65535:0', 'large:1:2:3', '64500:1'] }),
  ],
})

test('routes that are to go ask to be avoided, and keep what else they say', () => {
  expect(routesOf(announced)).toEqual([
    '192.0.2.1/32 -> tor 64500:1 65535:0 large:1:2:3 localPref 200',
  ])
  const going = shuttingDown(announced)
  expect(routesOf(going)).toEqual(['192.0.2.1/32 -> tor 64500:1 65535:0 large:1:2:3 localPref 0'])
  expect({ ...going, routes: [] }).toEqual({ ...announced, routes: [] })
})

test('sessions stay when the routes go', () => {
  const gone = withoutRoutes(announced)
  expect(routesOf(gone)).toEqual([])
  expect(gone.peers).toEqual(announced.peers)
})
