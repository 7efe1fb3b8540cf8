import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { decodeSet, listSets } from '../../../src/apply/nftables/decode.ts'
import { readKernel } from '../../../src/apply/nftables/read.ts'
import { readByKey } from '../../../src/apply/nftables/read-by-key.ts'
import { program } from '../../../src/dataplane/nftables/program.ts'
import { ENDPOINTS_MAPS } from '../../../src/ruleset/nftables/sets.ts'
import { slotCounts } from '../../../src/ruleset/nftables/slot-counts.ts'
import type { KernelTable } from '../../../src/ruleset/nftables/types.ts'
import {
  node as benchNode,
  settings as benchSettings,
  makeCluster,
  makeSlices,
} from '../../bench/cluster.ts'
import { cluster, node, settings } from '../../support/random-cluster.ts'
import { enterNewNetwork, nft } from './namespace.ts'

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
afterAll(() => socket.close())
beforeEach(() => nft('flush', 'ruleset'))

/** Reads all endpoints maps of a table by their keys. */
async function mapsByKey({ family, elements }: KernelTable) {
  const { replies } = await socket.dump(listSets(family, 'nodelb'))
  const found = replies.map(decodeSet).filter(({ schema }) => ENDPOINTS_MAPS.includes(schema.name))
  const read = new Map<string, unknown>()
  for (const { schema: set, count = -1 } of found) {
    const slots = slotCounts(set.name, elements) ?? new Map()
    read.set(set.name, await readByKey({ family, set, count, slots }))
  }
  return read
}

function mapsByDump({ elements }: KernelTable) {
  return new Map([...elements].filter(([name]) => ENDPOINTS_MAPS.includes(name)))
}

test('of any cluster, the maps read by key are those of a dump', async () => {
  await fc.assert(
    fc.asyncProperty(cluster, settings, async (each, chosen) => {
      await nft('flush', 'ruleset')
      await program(socket, { cluster: each, node, settings: chosen })
      const { ruleset } = await readKernel(socket)
      for (const table of [ruleset.ip, ruleset.ip6]) {
        if (table !== undefined) expect(await mapsByKey(table)).toEqual(mapsByDump(table))
      }
    }),
    { numRuns: 40 },
  )
})

test('frontends with more endpoints than one datagram asks for, and many in one, are read whole', async () => {
  const size = { services: 2, endpoints: 1_300, dualStack: true, external: false }
  await program(socket, { cluster: makeCluster(size), node: benchNode, settings: benchSettings })
  const { ruleset } = await readKernel(socket)
  for (const table of [ruleset.ip, ruleset.ip6]) {
    if (table === undefined) throw new Error('a table is missing')
    expect(mapsByDump(table).get('endpoints')?.size).toBe(2_600)
    expect(await mapsByKey(table)).toEqual(mapsByDump(table))
  }
})

test.each([
  [
    'an element that no frontend explains',
    'add element',
    '{ 10.96.0.1 . tcp . 80 . 77 : 10.244.0.9 . 80 }',
  ],
  ['an element missing before others', 'delete element', '{ 10.96.0.1 . tcp . 80 . 0 }'],
  [
    'an element whose comment makes its answer long',
    'add element',
    `{ 10.96.0.1 . tcp . 80 . 2 comment "${'long '.repeat(20)}" : 10.244.0.9 . 80 }`,
  ],
])('a map with %s is left to a dump', async (_, how, element) => {
  const clusterIps = { services: 3, endpoints: 2, dualStack: false, external: false }
  const wanted = { cluster: makeCluster(clusterIps), node: benchNode, settings: benchSettings }
  await program(socket, wanted)
  const before = (await readKernel(socket)).ruleset.ip
  const [key = ''] = before?.elements.get('endpoints')?.keys() ?? []
  const vip = key.split(' . ').slice(0, 3).join(' . ')
  await nft(
    ...how.split(' '),
    'ip',
    'nodelb',
    'endpoints',
    element.replace('10.96.0.1 . tcp . 80', vip),
  )
  const { ip } = (await readKernel(socket)).ruleset
  if (ip === undefined) throw new Error('there is no table')
  expect((await mapsByKey(ip)).get('endpoints')).toBeUndefined()
})

test('a map of many elements is read the same either way', async () => {
  const size = { services: 700, endpoints: 100, dualStack: false, external: false }
  const wanted = { cluster: makeCluster(size), node: benchNode, settings: benchSettings }
  await program(socket, wanted)
  // The second time everything is read first, and nothing is missing.
  expect(await program(socket, wanted)).toMatchObject({ kind: 'committed', operations: 0 })
})

test('of many Services with few endpoints, a map that is older than what tells its keys is not dumped', async () => {
  const size = { services: 25_000, endpoints: 2, dualStack: false, external: false }
  const [service, ...others] = makeCluster(size).services
  if (service === undefined) throw new Error('there is no Service')
  const first = { services: [service], slices: makeSlices(size, 0, 1) }
  await program(socket, { cluster: first, node: benchNode, settings: benchSettings })
  const wanted = { cluster: makeCluster(size), node: benchNode, settings: benchSettings }
  await program(socket, wanted)
  const walk = vi.spyOn(socket, 'walk')
  const { ruleset } = await readKernel(socket)
  const dumped = walk.mock.calls.map(([{ payload }]) => Buffer.from(payload).toString('latin1'))
  walk.mockRestore()
  expect(ruleset.ip?.elements.get('services-2')?.size).toBeGreaterThan(24_576)
  expect(ruleset.ip?.elements.get('endpoints')?.size).toBeGreaterThan(2 * others.length)
  expect(dumped.filter((request) => request.includes('services-2\0'))).toHaveLength(1)
  expect(dumped.filter((request) => request.includes('endpoints\0'))).toEqual([])
})
