import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  NFNL_SUBSYS_NFTABLES,
  NFNLGRP_NFTABLES,
  NFT_MSG_NEWGEN,
} from '../../../src/apply/netlink/constants.ts'
import type { Reply } from '../../../src/apply/netlink/message.ts'
import type { MessageFilter } from '../../../src/apply/netlink/message-filter.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { ownPort, portOf } from '../../../src/apply/nftables/port.ts'
import { enterNewNetwork, nft } from '../nftables/namespace.ts'
import { addTable } from './requests.ts'

const NEWGEN = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
afterAll(() => socket.close())

test('of one port the kernel announces one type of message, of the others all', async () => {
  const port = await ownPort(socket)
  const filtered = hear(2, { port, except: NEWGEN })
  const all = hear(2)
  await socket.transact([addTable('ours'), addTable('ours-too')], 0)
  await nft('add table ip theirs')
  const [heard, said] = [await filtered, await all]
  expect(said).toHaveLength(5)
  expect(heard).toEqual([
    ...said.filter((each) => each.port === port && each.type === NEWGEN),
    ...said.filter((each) => each.port !== port),
  ])
})

/** All that is announced until so many commits are. */
async function hear(
  commits: number,
  filter?: MessageFilter,
): Promise<readonly { readonly type: number; readonly port: number }[]> {
  const options = { groups: [NFNLGRP_NFTABLES], ...(filter && { filter }) }
  const listening = NetlinkSocket.open(options)
  const heard: { type: number; port: number }[] = []
  await new Promise<void>((resolve) => {
    listening.onMessage((message: Reply) => {
      heard.push({ type: message.type, port: portOf(message) })
      if (heard.filter(({ type }) => type === NEWGEN).length === commits) resolve()
    })
  })
  listening.close()
  return heard
}
