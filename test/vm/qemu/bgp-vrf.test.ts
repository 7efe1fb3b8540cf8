import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BgpLan } from '../../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../../support/bgp-objects.ts'

const VIP = '198.51.100.10/32'

let lan: BgpLan
beforeAll(async () => {
  await execa('modprobe', ['-a', 'vrf', 'veth'])
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  // The link to the router is in the VRF; FRR hears of it from the kernel.
  await lan.node.ip('link', 'add', 'red', 'type', 'vrf', 'table', '10')
  await lan.node.ip('link', 'set', 'red', 'up')
  await lan.node.ip('link', 'set', 'eth0', 'master', 'red')
})
afterAll(async () => {
  await lan?.remove()
})

test('a peer in a VRF gets the routes, and the session is found there', async () => {
  const red = bgpPeer('tor', { vrf: 'red' })
  // One with the same address outside of the VRF is another one, and nobody answers there.
  const outside = bgpPeer('outside')
  const web = bgpService('web', '198.51.100.10')
  lan.write(bgpCluster(red, outside, advertisement('all'), web))
  await lan.start()
  await lan.until(VIP)
  const { peers, problems } = await lan.announces((view) =>
    view.peers.some(({ state }) => state === 'Established'),
  )
  expect(problems).toEqual([])
  const states = peers.map(({ name, vrf, state }) => `${name} ${vrf} ${state === 'Established'}`)
  expect(states.sort()).toEqual(['outside  false', 'tor red true'])
  lan.write(bgpCluster(red, outside, advertisement('all')))
  await lan.gone(VIP)
  expect(await lan.counters()).toMatchObject({ state: 'Established', established: 1, dropped: 0 })
})
