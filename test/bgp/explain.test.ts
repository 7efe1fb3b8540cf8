import { afterEach, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const web = bgpService('web', '198.51.100.10')
const absent = bgpPeer('absent', { peerAddress: '10.0.0.77' })

async function explained(...more: readonly string[]): Promise<string> {
  const packet = ['--from', '192.0.2.2', '--to', '198.51.100.10:80']
  return (await lan.nodelb('explain', ...packet, ...lan.sources, ...more)).out
}

test('explain says what FRR has sent of the address to each peer, and what it lacks', async () => {
  lan = await BgpLan.build()
  lan.write(bgpCluster(bgpPeer('tor'), absent, advertisement('all'), web))
  const agent = await lan.start()
  await lan.until(VIP)
  await lan.announces(({ peers }) => peers.some(({ sent }) => sent === 1))
  const text = await explained()
  expect(text).toContain(
    `this node, n1, by BGP to tor at 10.0.0.254 as ${VIP}, by BGPAdvertisement all\n`,
  )
  expect(text).toMatch(
    /\nFRR here has sent of 198\.51\.100\.10:\n {2}to absent nothing: the session is \w+\n {2}to tor 198\.51\.100\.10\/32$/,
  )
  const { bgp } = JSON.parse(await explained('-o', 'json'))
  expect(bgp.peers).toHaveLength(2)
  expect(bgp.frr).toMatchObject({
    reason: null,
    peers: [
      { peer: 'absent', prefixes: [] },
      { peer: 'tor', state: 'Established', prefixes: [VIP] },
    ],
  })
  expect(await agent.end('SIGTERM')).toBe(0)
  // Objects that ask for nothing any more, and an FRR that nobody has told.
  lan.write(bgpCluster(bgpPeer('tor'), advertisement('all', { peers: ['nobody'] }), web))
  const other = await explained()
  expect(other).toContain('by BGP not to tor at 10.0.0.254: The list peers of')
  expect(other).toContain(`\n  to tor ${VIP}\nBy the files it is otherwise: \`nodelb diff\` shows`)
  await lan.node.kill('bgpd')
  expect(await explained()).not.toContain('FRR here')
})

test('status says what is not announced to whom, and why', async () => {
  lan = await BgpLan.build()
  const six = bgpService('six', '2001:db8::10')
  const [other] = bgpService('other', '198.51.100.11')
  lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web, six, other ?? {}))
  await lan.start()
  await lan.until(VIP)
  await lan.announces(({ addresses }) => addresses.length === 1)
  const text = await lan.statusText()
  expect(text).toContain('  198.51.100.10 (shop/web): to tor\n')
  expect(text).toContain(
    '  2001:db8::10 (shop/six): not to tor: The session is over IPv4 and carries no IPv6 prefixes; dualStackAddressFamily of the BGPPeer changes that',
  )
  expect(text).toContain('  198.51.100.11 (shop/other): to nobody: ')
})
