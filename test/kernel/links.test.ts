import { afterAll, beforeAll, expect, test } from 'vitest'
import { whyNot } from '../../src/announce/interfaces.ts'
import type { Link } from '../../src/announce/link.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { NETLINK_ROUTE } from '../../src/apply/rtnetlink/constants.ts'
import { listLinks, watchLinks } from '../../src/apply/rtnetlink/link-table.ts'
import { SocketResponder } from '../../src/dataplane/announce/socket-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { NODE_MAC, questions } from '../support/questions.ts'
import { ip, stationOf, Wire } from '../support/wire.ts'

let socket: NetlinkSocket
let stop: () => void
const news: (() => void)[] = []

/** The link of this name, as soon as the kernel announces that it is so; undefined if it is gone. */
async function once(name: string, is: (link: Link | undefined) => boolean): Promise<void> {
  for (;;) {
    const next = new Promise<void>((resolve) => news.push(resolve))
    const links = await listLinks(socket)
    if (is(links.find((link) => link.name === name))) return
    await next
  }
}

beforeAll(async () => {
  enterNewNetwork()
  socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
  stop = watchLinks(() => {
    for (const wake of news.splice(0)) wake()
  })
  await ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'eth0')
  await ip('link', 'set', 'eth0', 'addrgenmode', 'none', 'address', NODE_MAC, 'up')
  await ip('link', 'set', 'asker', 'addrgenmode', 'none', 'up')
})
afterAll(() => {
  stop()
  socket.close()
})

const LONG = 600_000

test('links are told with carrier, MAC address and master, and each change is announced', async () => {
  await once('eth0', (link) => link?.hasCarrier === true)
  expect((await listLinks(socket)).find(({ name }) => name === 'eth0')).toEqual({
    ...(await stationOf('eth0')),
    isEthernet: true,
    isUp: true,
    hasCarrier: true,
    isBroadcast: true,
    usesArp: true,
    hasMaster: false,
  })
  await ip('link', 'set', 'asker', 'down')
  await once('eth0', (link) => link?.hasCarrier === false)
  await ip('link', 'set', 'asker', 'up')
  await ip('link', 'set', 'eth0', 'arp', 'off')
  await once('eth0', (link) => link?.usesArp === false)
  await ip('link', 'set', 'eth0', 'arp', 'on')
  await ip('link', 'add', 'br0', 'type', 'bridge')
  await ip('link', 'set', 'eth0', 'master', 'br0')
  await once('eth0', (link) => link?.hasMaster === true)
  await ip('link', 'set', 'br0', 'up')
  const links = await listLinks(socket)
  expect(links.map((link) => [link.name, whyNot(link, [/^asker$/])])).toEqual([
    ['lo', 'it is down'],
    ['eth0', 'it is a part of another interface'],
    ['asker', 'it is excluded by ^asker$'],
    ['br0', undefined],
  ])
  await ip('link', 'delete', 'br0')
  await once('br0', (link) => link === undefined)
})

test('a packet socket that broke with its link is opened again when it is back', async () => {
  const addresses = new Set(['192.0.2.1', '2001:db8::1'] as unknown as Address[])
  const announced = { station: await stationOf('eth0'), addresses }
  const responder = new SocketResponder()
  await responder.revive(LONG)
  await responder.program([announced], LONG)
  await ip('link', 'set', 'eth0', 'down')
  await once('eth0', (link) => link?.isUp === false)
  // The socket reads its error in the next turns of the event loop.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  await ip('link', 'set', 'eth0', 'up')
  await once('eth0', (link) => link?.hasCarrier === true)
  expect(await responder.program([announced], LONG)).toEqual({ kind: 'programmed', refused: [] })
  const wire = await Wire.between('asker', 'eth0')
  for (const { question, answer } of questions(
    ['192.0.2.1', '2001:db8::1'],
    ['192.0.2.2', '::2'],
  )) {
    if (answer === undefined) continue
    expect(await wire.answers(question, 1)).toEqual([answer])
  }
  wire.close()
  await responder.remove()
  await responder.close()
})
