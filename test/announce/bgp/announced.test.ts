import { expect, test } from 'vitest'
import { announcedOf } from '../../../src/announce/bgp/announced.ts'
import { withoutRoutes } from '../../../src/announce/bgp/drain.ts'
import type { Cidr } from '../../../src/model/address.ts'
import { at, bgpAdvertisement, decided, peer } from './objects.ts'

const decision = decided({ peers: [peer('tor'), peer('too', { end: at('10.0.0.2') })] })
const web = { service: 'shop/web', address: '192.0.2.1' }
const sent = (neighbour: string) => [{ vrf: '', neighbour, prefix: '192.0.2.1/32' as Cidr }]
const tor = { ...web, peer: 'tor', sent: sent('10.0.0.1') }

test('an address is announced to those to whom a prefix of it is sent', () => {
  expect(announcedOf(decision, () => true)).toEqual([
    { ...web, peer: 'too', sent: sent('10.0.0.2') },
    tor,
  ])
  const toTor = announcedOf(decision, ({ vrf, neighbour, prefix }) => {
    return vrf === '' && neighbour === '10.0.0.1' && prefix === '192.0.2.1/32'
  })
  expect(toTor).toEqual([tor])
  expect(announcedOf(decision, () => false)).toEqual([])
})

test('what is withheld, or taken back, is announced to nobody whatever is sent', () => {
  const some = bgpAdvertisement('all', { peers: ['tor'] })
  const named = decided({ peers: decision.peers.map(peerLike), advertisements: [some] })
  expect(announcedOf(named, () => true)).toEqual([tor])
  expect(announcedOf(withoutRoutes(decision), () => true)).toEqual([])
})

function peerLike({ name, end }: (typeof decision.peers)[number]) {
  return peer(name, { end })
}
