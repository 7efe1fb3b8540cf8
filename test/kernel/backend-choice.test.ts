import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { refusedOf } from '../../src/apply/nftables/trial.ts'
import { chooseBackend } from '../../src/dataplane/backend-choice.ts'
import { program } from '../../src/dataplane/nftables/program.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { jellyfin } from './session-setup.ts'

let socket: NetlinkSocket

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  await nft('flush', 'ruleset')
  socket = NetlinkSocket.open()
})
afterEach(() => socket.close())

const NFTABLES = { backend: 'nftables', reason: 'the kernel has nftables' }

test('a kernel that takes every kind of rule is given nftables, and is left as it was', async () => {
  expect(await chooseBackend()).toEqual(NFTABLES)
  expect(await nft('list', 'ruleset')).toBe('')
})

test('tables that are there tell as much', async () => {
  expect(await program(socket, jellyfin)).toMatchObject({ kind: 'committed' })
  const before = await nft('list', 'ruleset')
  expect(await chooseBackend()).toEqual(NFTABLES)
  expect(await nft('list', 'ruleset')).toBe(before)
})

test('what a kernel would not take is told by its error number', async () => {
  const hook = { type: 'filter', hook: 'prerouting', priority: 0 } as const
  const lost = { kind: 'delete-chain', family: 'ip', chain: 'nowhere' } as const
  const table = { kind: 'add-table', family: 'ip' } as const
  const chain = { kind: 'add-chain', family: 'ip', chain: 'here', base: hook } as const
  expect(await refusedOf(socket, [table, chain])).toBeUndefined()
  expect(await refusedOf(socket, [table, chain, lost])).toBe('ENOENT')
  expect(await nft('list', 'ruleset')).toBe('')
})
