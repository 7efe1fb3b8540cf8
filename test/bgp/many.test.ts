import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, manyServices } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'

const SERVICES = 1_000
const POLL_MS = 10

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

/** Whether all prefixes have a community. */
async function allHave(community: string): Promise<boolean> {
  const command = `show bgp ipv4 unicast community ${community} json`
  const [text = ''] = await lan.router.tell('bgpd', command)
  return Object.keys(JSON.parse(text).routes ?? {}).length === SERVICES
}

test('another community for a thousand prefixes at once takes none of them back at any moment', async () => {
  lan = await BgpLan.build()
  const write = (community: string): void => {
    const all = advertisement('all', { communities: [community] })
    lan.write(bgpCluster(bgpPeer('tor'), all, manyServices(SERVICES)))
  }
  write('64500:1')
  await lan.start()
  await eventually(() => allHave('64500:1'))
  await lan.record()
  const counters = await lan.counters()
  const changed = new AbortController()
  const counts: number[] = []
  const polled = (async () => {
    while (!changed.signal.aborted) {
      counts.push(await lan.count())
      await pause(POLL_MS)
    }
  })()
  for (const community of ['64500:2', '64500:3', '64500:4']) {
    write(community)
    await eventually(() => allHave(community))
  }
  changed.abort()
  await polled
  expect(counts.length).toBeGreaterThan(10)
  expect(counts.filter((count) => count !== SERVICES)).toEqual([])
  expect({ withdrawn: lan.withdrawn(), takenBack: lan.takenBack() }).toEqual({
    ...{ withdrawn: [], takenBack: [] },
  })
  expect(await lan.counters()).toEqual(counters)
})
