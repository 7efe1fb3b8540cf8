import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { expect, onTestFinished, test as plain } from 'vitest'
import { listListeners } from '../../../src/apply/machine/listeners.ts'
import { ownSockets } from '../../../src/apply/machine/own-sockets.ts'
import type { Listener } from '../../../src/plan/held-ports.ts'

/** The sockets of this very process, as the kernel lists them. */

const hasIpv6 = await tcp({ host: '::1' }).then(
  (server) => server.close(),
  () => undefined,
)
const test = plain.skipIf(hasIpv6 === undefined)

async function tcp(options: { host: string; ipv6Only?: boolean }): Promise<Server> {
  const server = createServer().listen({ port: 0, ...options })
  await once(server, 'listening')
  return server
}

async function udp(type: 'udp4' | 'udp6', host: string): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: false }).bind(0, host)
  await once(socket, 'listening')
  return socket
}

async function at(socket: Server | Socket): Promise<readonly Omit<Listener, 'inode'>[]> {
  onTestFinished(() => void socket.close())
  const { port } = socket.address() as AddressInfo
  const [all, own] = [await listListeners(), ownSockets()]
  const found = (all ?? []).filter((each) => each.port === port && own.has(each.inode))
  return found.map(({ inode: _, ...rest }) => rest)
}

plain('one address', async () => {
  const server = await tcp({ host: '127.0.0.1' })
  const { port } = server.address() as AddressInfo
  expect(await at(server)).toEqual([
    { protocol: 'tcp', port, address: '127.0.0.1', families: ['ipv4'] },
  ])
})

test.each<[string, { host: string; ipv6Only?: boolean }, object]>([
  ['all of IPv4', { host: '0.0.0.0' }, { address: undefined, families: ['ipv4'] }],
  ['all', { host: '::' }, { address: undefined, families: ['ipv4', 'ipv6'] }],
  ['all of IPv6', { host: '::', ipv6Only: true }, { address: undefined, families: ['ipv6'] }],
  ['one of IPv6', { host: '::1' }, { address: '::1', families: ['ipv6'] }],
  [
    'one of IPv4, written as IPv6',
    { host: '::ffff:127.0.0.1' },
    { address: '127.0.0.1', families: ['ipv4'] },
  ],
])('addresses: %s', async (_, options, expected) => {
  expect(await at(await tcp(options))).toMatchObject([expected])
})

test('UDP without a peer, in both families', async () => {
  expect(await at(await udp('udp4', '127.0.0.1'))).toMatchObject([
    { protocol: 'udp', address: '127.0.0.1' },
  ])
  expect(await at(await udp('udp6', '::'))).toMatchObject([
    { protocol: 'udp', address: undefined, families: ['ipv4', 'ipv6'] },
  ])
})

plain('a connection listens to nobody but its peer', async () => {
  const [server, one] = [await tcp({ host: '127.0.0.1' }), await udp('udp4', '127.0.0.1')]
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1' })
  await once(client, 'connect')
  onTestFinished(() => void client.destroy())
  one.connect(port, '127.0.0.1')
  await once(one, 'connect')
  const [all, own] = [await listListeners(), ownSockets()]
  const ports = all?.filter(({ inode }) => own.has(inode)).map((each) => each.port)
  expect(ports).toContain(port)
  expect(ports).not.toContain(client.localPort)
  expect(await at(one)).toEqual([])
})
