import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cleanFlows } from '../../../src/apply/conntrack/clean.ts'
import type { Reply, Request } from '../../../src/apply/netlink/message.ts'
import { openRaw } from '../../../src/apply/netlink/open-raw.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import {
  allAdded,
  nothingServed,
  type ServedFrontends,
} from '../../../src/frontend/frontend-change.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import {
  allFrontends,
  type TouchedFrontend,
  touchedFrontends,
} from '../../../src/plan/flows/stale.ts'
import { servedByTables } from '../../../src/plan/nftables/served.ts'
import { enterNewNetwork } from '../nftables/namespace.ts'
import { forgetAll, plant, portsLeft } from './conntrack-tool.ts'
import { dnsFrontend } from './dns-frontend.ts'

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
beforeEach(forgetAll)
afterAll(() => socket.close())

const client = '192.0.2.2'
const vip = ['203.0.113.10', 53] as const
const serving = ['10.244.1.10', 5353] as const
const gone = ['10.244.1.11', 5353] as const

/** A rule set in which the VIP leads to one endpoint; only what is looked at. */
function leadingTo(target: string, ...keys: readonly string[]): ServedFrontends {
  const elements = new Map(keys.map((key) => [key as Tuple, { data: target as Tuple }]))
  const table = { sets: new Map(), chains: new Map() }
  const family = target.includes(':') ? 'ip6' : 'ip'
  return servedByTables({
    [family]: { ...table, family, elements: new Map([['endpoints', elements]]) },
  })
}

const after = leadingTo('10.244.1.10 . 5353', '203.0.113.10 . udp . 53 . 0')
const touched = allFrontends(after, 'keep')

function clean(fronts: readonly TouchedFrontend[] = touched, now = after) {
  return cleanFlows(socket, fronts, () => now)
}

test('deletes what bypassed the VIP or leads to no endpoint, and no other flow', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: gone })
  await plant({ client, clientPort: 1002, to: vip, answerer: serving })
  await plant({ client, clientPort: 1003, to: vip, answerer: vip })
  await plant({ client, clientPort: 1004, to: [vip[0], 54], answerer: gone })
  await plant({ client, clientPort: 1005, to: ['203.0.113.11', 53], answerer: gone })
  await plant({ client, clientPort: 1006, to: vip, answerer: gone, protocol: 'tcp' })
  expect(await clean()).toEqual({ kind: 'cleaned', examined: 4, deleted: 2 })
  expect(await portsLeft()).toEqual([1002, 1004, 1005, 1006])
})

test('an endpoint is an address and a port', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: [serving[0], 9090] })
  expect(await clean()).toMatchObject({ deleted: 1 })
})

test('deletes in the zone of the flow, and leaves the same tuple of another zone', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: gone, zone: 5 })
  await plant({ client, clientPort: 1001, to: vip, answerer: serving })
  expect(await clean()).toEqual({ kind: 'cleaned', examined: 2, deleted: 1 })
  expect(await portsLeft()).toEqual([1001])
})

test('a flow of the same client that begins between listing and deletion is safe', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: gone })
  const replacing: NetlinkSocket = Object.create(socket, {
    walk: { value: socket.walk.bind(socket) },
    request: {
      async value(request: Request) {
        await forgetAll()
        await plant({ client, clientPort: 1001, to: vip, answerer: serving })
        return socket.request(request)
      },
    },
  })
  expect(await cleanFlows(replacing, touched, () => after)).toEqual({
    kind: 'cleaned',
    examined: 1,
    deleted: 0,
  })
  expect(await portsLeft()).toEqual([1001])
})

test('SCTP is cleaned like UDP; TCP when it is to be reset', async () => {
  const keys = ['sctp', 'tcp'].map((protocol) => `203.0.113.10 . ${protocol} . 53 . 0`)
  const both = leadingTo('10.244.1.10 . 5353', ...keys)
  await plant({ client, clientPort: 1001, to: vip, answerer: gone, protocol: 'sctp' })
  await plant({ client, clientPort: 1002, to: vip, answerer: gone, protocol: 'tcp' })
  expect(await clean(allFrontends(both, 'keep'), both)).toMatchObject({ deleted: 1 })
  expect(await portsLeft()).toEqual([1002])
  expect(await clean(allFrontends(both, 'reset'), both)).toMatchObject({ deleted: 1 })
  expect(await portsLeft()).toEqual([])
})

describe('TCP that is kept, at a frontend with its first endpoint', () => {
  const tcp = leadingTo('10.244.1.10 . 5353', '203.0.113.10 . tcp . 53 . 0')
  const first = touchedFrontends(allAdded(tcp), 'keep')
  const syn = { client, to: vip, answerer: vip, protocol: 'tcp' } as const

  test('what bypassed it goes if nobody has answered, and nothing else', async () => {
    await plant({ ...syn, clientPort: 1001 })
    await plant({ ...syn, clientPort: 1002, isAnswered: true })
    await plant({ ...syn, clientPort: 1003, answerer: gone })
    await plant({ ...syn, clientPort: 1004, protocol: 'udp' })
    expect(await clean(first, tcp)).toMatchObject({ deleted: 1 })
    expect(await portsLeft()).toEqual([1002, 1003, 1004])
  })

  test('the kernel lists no flow that was answered', async () => {
    await plant({ ...syn, clientPort: 1001 })
    await plant({ ...syn, clientPort: 1002, isAnswered: true })
    expect(await clean(first, tcp)).toEqual({ kind: 'cleaned', examined: 1, deleted: 1 })
  })

  test('a kernel that lists all flows deletes none that was answered', async () => {
    await plant({ ...syn, clientPort: 1001 })
    await plant({ ...syn, clientPort: 1002, isAnswered: true })
    expect(await cleanFlows(withoutStatusFilter(), first, () => tcp)).toEqual({
      kind: 'cleaned',
      examined: 2,
      deleted: 1,
    })
    expect(await portsLeft()).toEqual([1002])
  })
})

/** As kernels before 5.15 understand a request: its last two attributes, of status, mean nothing. */
function withoutStatusFilter(): NetlinkSocket {
  return Object.create(socket, {
    request: { value: socket.request.bind(socket) },
    walk: {
      value: (request: Request, visit: (reply: Reply) => void) =>
        socket.walk({ ...request, payload: request.payload.subarray(0, -16) }, visit),
    },
  })
}

test('IPv6', async () => {
  const after6 = leadingTo('fd00:10:244:1::10 . 5353', '2001:db8:100::10 . udp . 53 . 0')
  const flow = { client: '2001:db8:1::2', to: ['2001:db8:100::10', 53] as const }
  await plant({ ...flow, clientPort: 1001, answerer: ['fd00:10:244:1::11', 5353] })
  await plant({ ...flow, clientPort: 1002, answerer: ['fd00:10:244:1::10', 5353] })
  expect(await clean(allFrontends(after6, 'keep'), after6)).toMatchObject({ deleted: 1 })
  expect(await portsLeft('ipv6')).toEqual([1002])
})

test('of many flows each is judged', async () => {
  const clientPorts = Array.from({ length: 40 }, (_, index) => 2000 + index)
  for (const clientPort of clientPorts) {
    await plant({ client, clientPort, to: vip, answerer: clientPort % 2 === 0 ? serving : gone })
  }
  expect(await clean()).toEqual({ kind: 'cleaned', examined: 40, deleted: 20 })
  expect(await portsLeft()).toEqual(clientPorts.filter((port) => port % 2 === 0))
})

test('however many flows there are, where frontends lead is asked for twice', async () => {
  for (const clientPort of [2001, 2002, 2003, 2004]) {
    await plant({ client, clientPort, to: vip, answerer: gone })
  }
  let asked = 0
  const now = (): ServedFrontends => {
    asked += 1
    return after
  }
  expect(await cleanFlows(socket, touched, now)).toMatchObject({ deleted: 4 })
  expect(asked).toBe(2)
})

test('an endpoint that a newer commit brings back while flows are listed keeps its flows', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: gone })
  const states = [after, leadingTo('10.244.1.11 . 5353', '203.0.113.10 . udp . 53 . 0')]
  const now = (): ServedFrontends => states.shift() ?? after
  expect(await cleanFlows(socket, touched, now)).toMatchObject({ examined: 1, deleted: 0 })
  expect(await portsLeft()).toEqual([1001])
})

test('where a Service is gone, only flows to its endpoints go', async () => {
  await plant({ client, clientPort: 1001, to: vip, answerer: gone })
  await plant({ client, clientPort: 1002, to: vip, answerer: ['192.0.2.77', 53] })
  expect(await clean([dnsFrontend], nothingServed)).toMatchObject({ deleted: 1 })
  expect(await portsLeft()).toEqual([1002])
})

test('a frontend that two commits touched counts with all it lost', async () => {
  const other = { ...dnsFrontend, gone: new Set(['10.244.1.12 . 5353' as Tuple]) }
  await plant({ client, clientPort: 1001, to: vip, answerer: gone })
  await plant({ client, clientPort: 1002, to: vip, answerer: ['10.244.1.12', 5353] })
  expect(await clean([dnsFrontend, other], nothingServed)).toMatchObject({ deleted: 2 })
})

test('without the right to, says what is missing', async () => {
  const script = fileURLToPath(new URL('unprivileged.ts', import.meta.url))
  const without = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin']
  const node = [process.execPath, '--import', 'tsx', script]
  const { stdout } = await execa('unshare', ['--net', ...without, ...node])
  expect(JSON.parse(stdout)).toEqual({
    kind: 'refused',
    errno: 'EPERM',
    remedy: 'give nodelb the capability NET_ADMIN',
    examined: 0,
    deleted: 0,
  })
})

test('a kernel without ctnetlink is an outcome, not an exception', async () => {
  const unknown = openRaw()
  const elsewhere = NetlinkSocket.over({
    ...unknown,
    send(frame, sent) {
      // Whatever is asked, it is asked of a subsystem that no kernel has.
      frame.writeUInt16LE(0x0f01, 4)
      unknown.send(frame, sent)
    },
  })
  expect(await cleanFlows(elsewhere, touched, () => after)).toMatchObject({
    kind: 'refused',
    errno: 'EINVAL',
    remedy: 'load the kernel module nf_conntrack_netlink',
  })
  elsewhere.close()
})
