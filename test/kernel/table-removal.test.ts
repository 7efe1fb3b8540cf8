import { execFileSync } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { program } from '../../src/dataplane/nftables/program.ts'
import { removeTables } from '../../src/dataplane/nftables/removal.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { asterisk, tablesOf } from './session-setup.ts'

let socket: NetlinkSocket

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  socket = NetlinkSocket.open()
  await program(socket, asterisk)
})
afterEach(async () => {
  socket.close()
  await nft('flush', 'ruleset')
})

/** Another program commits this each time before the tables would be removed. */
function beforeEachCommit(command: string): void {
  const transact = socket.transact.bind(socket)
  socket.transact = (requests, generation) => {
    execFileSync('nft', [command])
    return transact(requests, generation)
  }
}

test('commits of others to tables of their own do not keep tables from being removed', async () => {
  beforeEachCommit('add table ip zz; delete table ip zz')
  expect(await removeTables(socket)).toEqual({ removed: ['2 tables'] })
  expect(await tablesOf(socket)).toEqual([])
})

test('a table that another program removes meanwhile is no failure', async () => {
  beforeEachCommit('add table ip6 nodelb; delete table ip6 nodelb')
  expect(await removeTables(socket)).toEqual({ removed: ['1 table'] })
  expect(await removeTables(socket)).toEqual({ removed: [] })
})

test('a removal that is overtaken while it reads removes nothing', async () => {
  const stop = new AbortController()
  const dump = socket.dump.bind(socket)
  socket.dump = (request) => {
    stop.abort()
    return dump(request)
  }
  expect(await removeTables(socket, stop.signal)).toEqual({ removed: [] })
  expect(await tablesOf(socket)).toHaveLength(2)
})

test('a kernel that does not take it is an outcome', async () => {
  socket.transact = async () => ({ kind: 'no-answer' })
  const remains = 'the kernel did not answer in time'
  expect(await removeTables(socket)).toEqual({ removed: [], remains })
})
