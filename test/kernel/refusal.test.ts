import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Request } from '../../src/apply/netlink/message.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { commitPlan } from '../../src/apply/nftables/commit.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { type ProgramOutcome, program, propose } from '../../src/dataplane/nftables/program.ts'
import { textOf } from '../../src/plan/nftables/explain.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { fixtureGoal } from '../support/goal.ts'
import { sortedListing } from '../support/listing.ts'

const fixtures = new URL('../../fixtures/', import.meta.url).pathname
const jellyfin = fixtureGoal(`${fixtures}load-balancer-many-endpoints`)
const asterisk = fixtureGoal(`${fixtures}session-affinity-dual-stack`)
const nginx = fixtureGoal(`${fixtures}dual-stack-policy-local`)
const all = together(jellyfin, asterisk, nginx)

let socket: NetlinkSocket

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  await nft('flush', 'ruleset')
  socket = NetlinkSocket.open()
})
afterEach(() => socket.close())

test('a Service that the kernel refuses is taken out and reported; the rest is committed', async () => {
  await program(socket, together(jellyfin, nginx))
  const expected = await listed()
  await nft('flush', 'ruleset')
  spoil(socket, bytesOf('203.0.113.76'))
  const outcome = await program(socket, all)
  expect(reported(outcome)).toEqual([
    'voip/asterisk: ENOENT to element ip nodelb services { 203.0.113.76 . udp . 5060 comment "voip/asterisk:sip load-balancer" }',
  ])
  expect(await listed()).toEqual(expected)
  const again = await program(socket, all)
  expect(reported(again)).toHaveLength(1)
  expect(again).toMatchObject({ kind: 'committed', operations: 0 })
})

test('a Service that was programmed before stays as it was, with the sets and rules it needs', async () => {
  await program(socket, all)
  const before = await listed()
  spoil(socket, bytesOf('203.0.113.14'))
  const outcome = await program(socket, together(scaled(jellyfin, 3), asterisk, nginx))
  expect(reported(outcome)).toEqual([
    'media/jellyfin: ENOENT to element ip nodelb endpoints { 203.0.113.14 . tcp . 8096 . 3 : 10.244.2.10 . 8080 }',
  ])
  expect(outcome).toMatchObject({ kind: 'committed', operations: 0 })
  expect(await listed()).toEqual(before)
})

test('what no Service owns cannot be taken out: nothing is changed', async () => {
  spoil(socket, Buffer.from('pod-ranges\0'))
  const outcome = await program(socket, nginx)
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'the kernel refused the rule set' })
  expect(await nft('list', 'ruleset')).toBe('')
})

test('commitPlan names the operation and the error number, and changes nothing', async () => {
  const { generation, plan } = await propose(socket, nginx)
  spoil(socket, bytesOf('10.244.1.10'))
  const outcome = await commitPlan(socket, plan, generation)
  expect(outcome.kind).toBe('rejected')
  const failures = outcome.kind === 'rejected' ? outcome.failures : []
  expect(failures.length).toBeGreaterThan(0)
  for (const { operation, errno } of failures) {
    expect([errno, textOf(operation)]).toEqual(['ENOENT', expect.stringContaining('10.244.1.10')])
  }
  expect(await nft('list', 'ruleset')).toBe('')
})

/** From now on messages that contain these bytes name a set that is not there. */
function spoil(target: NetlinkSocket, bytes: Buffer): void {
  const transact = target.transact.bind(target)
  const spoiled = (request: Request): Request => {
    const payload = Buffer.from(request.payload)
    if (!payload.includes(bytes)) return request
    // The four bytes of nfgenmsg, NFTA_SET_ELEM_LIST_TABLE "nodelb", then the name of the set.
    const name = payload.indexOf('nodelb\0') + 'nodelb\0'.length + 5
    payload.write('X', name)
    return { ...request, payload }
  }
  target.transact = (requests, generation) => transact(requests.map(spoiled), generation)
}

function reported(outcome: ProgramOutcome): string[] {
  if (outcome.kind === 'failed') throw new Error(outcome.reason)
  return outcome.refusals.map(({ service, reason }) => `${service}: ${reason}`)
}

async function listed(): Promise<string[][]> {
  return sortedListing(await nft('list', 'ruleset'))
}

function together(first: Goal, ...more: readonly Goal[]): Goal {
  const goals = [first, ...more]
  return {
    ...first,
    cluster: {
      services: goals.flatMap(({ cluster }) => cluster.services),
      slices: goals.flatMap(({ cluster }) => cluster.slices),
    },
  }
}

/** The same with that many endpoints. */
function scaled(goal: Goal, count: number): Goal {
  const slices = goal.cluster.slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.slice(0, count),
  }))
  return { ...goal, cluster: { ...goal.cluster, slices } }
}

function bytesOf(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}
