import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { affinityFill } from '../../../src/apply/nftables/affinity-fill.ts'
import { enterNewNetwork, nft, nftLoad } from './namespace.ts'

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
})
afterAll(() => socket.close())

test('without a table, or without affinity, nothing is told', async () => {
  expect(await affinityFill(socket)).toEqual([])
  await nftLoad('table ip nodelb {\n set services { type ipv4_addr; }\n}\n')
  expect(await affinityFill(socket)).toEqual([])
})

test('tells who is crowded, and how full the fullest seat is where the kernel counts', async () => {
  await nftLoad(`table ip6 nodelb {
    set affinity-0 {
      type ipv6_addr . ipv6_addr . inet_proto . inet_service; size 8; flags dynamic,timeout;
      elements = { fd00::1 . fd01::1 . tcp . 80 timeout 1h }
    }
    set affinity-2 {
      type ipv6_addr . ipv6_addr . inet_proto . inet_service; size 4; flags dynamic,timeout;
      elements = { fd00::2 . fd01::1 . tcp . 80 timeout 1h, fd00::3 . fd01::1 . tcp . 80 timeout 1h }
    }
    set crowded {
      type ipv6_addr . inet_proto . inet_service; size 65536; flags dynamic,timeout;
      elements = { fd01::1 . tcp . 80 timeout 1h, fd01::2 . udp . 53 timeout 1h }
    }
  }
  `)
  const [fill, ...others] = await affinityFill(socket)
  expect(others).toEqual([])
  expect(fill).toMatchObject({ family: 'ip6', crowded: 2 })
  // NFTA_SET_COUNT came with Linux 6.16; without it both are missing.
  expect([
    { clients: 3, fullest: 0.5 },
    { clients: undefined, fullest: undefined },
  ]).toContainEqual({ clients: fill?.clients, fullest: fill?.fullest })
})
