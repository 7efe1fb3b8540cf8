import { expect, test } from 'vitest'
import { withoutRoutes } from '../../src/announce/bgp/drain.ts'
import { notAnnouncedOf } from '../../src/speaker/bgp/not-announced.ts'
import { bgpAdvertisement, decided } from '../announce/bgp/objects.ts'

const WEB = { service: 'shop/web', address: '192.0.2.1', peer: 'tor' } as const

test('what FRR does not have although it should is not announced', () => {
  const decision = decided()
  const [held] = decision.why.filter(({ kind }) => kind === 'announced')
  expect(held).toMatchObject(WEB)
  expect(notAnnouncedOf(decision, [])).toMatchObject([
    { service: 'shop/web', addresses: ['192.0.2.1'], peer: 'tor', reason: 'not-in-frr' },
  ])
  const all = decision.why.flatMap((each) =>
    each.kind === 'announced' ? [{ ...each, sent: [] }] : [],
  )
  expect(notAnnouncedOf(decision, all)).toEqual([])
})

test('while all routes are taken back, that is why', () => {
  expect(notAnnouncedOf(withoutRoutes(decided()), [])).toMatchObject([{ reason: 'taken-back' }])
})

test('a Service that no peer gets has one reason, and one that is not for BGP has none', () => {
  const toOthers = decided({ advertisements: [bgpAdvertisement('all', { peers: ['nobody'] })] })
  expect(notAnnouncedOf(toOthers, [])).toMatchObject([{ peer: 'tor', reason: 'peer-not-named' }])
  expect(notAnnouncedOf(decided({ peers: [] }), [])).toMatchObject([
    { addresses: ['192.0.2.1'], peer: null, reason: 'no-peer' },
  ])
  expect(notAnnouncedOf(decided({ advertisements: [] }), [])).toEqual([])
})
