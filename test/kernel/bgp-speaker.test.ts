import { afterEach, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const plain = [bgpPeer('tor'), advertisement('all')]
const web = bgpService('web', '198.51.100.10')

test('a Service is announced when it comes, changed in place, and withdrawn when it goes', async () => {
  lan = await BgpLan.build()
  lan.write(bgpCluster(plain, web))
  const agent = await lan.start()
  await lan.until(VIP)
  const before = await lan.counters()
  expect(before).toMatchObject({ state: 'Established', dropped: 0 })
  lan.write(
    bgpCluster(
      bgpPeer('tor'),
      advertisement('all', { communities: ['64500:1', 'large:1:2:3'] }),
      web,
    ),
  )
  const received = await lan.until(VIP, (route) => (route?.communities.length ?? 1) > 0)
  expect(received).toMatchObject({ communities: ['64500:1'], largeCommunities: ['1:2:3'] })
  lan.write(bgpCluster(plain, bgpService('other', '198.51.100.11')))
  await lan.gone(VIP)
  await lan.until('198.51.100.11/32')
  expect(await lan.counters()).toEqual(before)
  const view = await lan.announces(({ peers }) => peers[0]?.state === 'Established')
  expect(view).toMatchObject({ failure: null, routes: 1, problems: [], peers: [{ prefixes: 1 }] })
  expect(await agent.end('SIGTERM')).toBe(0)
  // The end of the agent is none of the routes.
  expect(await lan.prefixes()).toEqual(['198.51.100.11/32'])
  expect(await lan.counters()).toEqual(before)
})
