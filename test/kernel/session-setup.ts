import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Request } from '../../src/apply/netlink/message.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { decodeTable, type FoundTable, listTables } from '../../src/apply/nftables/decode.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import type { NftablesSession } from '../../src/dataplane/nftables/session.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { SessionOptions, Synced } from '../../src/dataplane/session.ts'
import { nft } from '../apply/nftables/namespace.ts'
import { fixtureGoal } from '../support/goal.ts'
import { sortedListing } from '../support/listing.ts'

/** Sessions on the network of the test's thread. `nft` and children are the other processes. */

export const fixtures: string = fileURLToPath(new URL('../../fixtures/', import.meta.url))
export const jellyfin: Goal = fixtureGoal(`${fixtures}load-balancer-many-endpoints`)
export const asterisk: Goal = fixtureGoal(`${fixtures}session-affinity-dual-stack`)
export const nginx: Goal = fixtureGoal(`${fixtures}dual-stack-policy-local`)

export interface Running extends AsyncDisposable {
  readonly socket: NetlinkSocket
  readonly session: NftablesSession
  readonly first: Extract<Synced, { kind: 'committed' }>
  /** How often the kernel was asked for a list since the last call. */
  dumps(): number
}

export async function begin(goal: Goal, options?: SessionOptions): Promise<Running> {
  const socket = NetlinkSocket.open()
  let asked = 0
  const { dump, walk } = socket
  socket.dump = (request) => {
    asked += 1
    return dump.call(socket, request)
  }
  socket.walk = (request, visit) => {
    asked += 1
    return walk.call(socket, request, visit)
  }
  const started = await startSession(socket, goal, options)
  if (started.kind === 'failed') {
    socket.close()
    throw new Error(started.outcome.reason)
  }
  const { session, first } = started
  asked = 0
  return {
    socket,
    session,
    first,
    dumps() {
      const count = asked
      asked = 0
      return count
    },
    async [Symbol.asyncDispose]() {
      session.close()
      await closed(socket)
    },
  }
}

/** The kernel lets go of a table when the descriptor is closed, which happens a turn later. */
async function closed(socket: NetlinkSocket): Promise<void> {
  socket.close()
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function committed(outcome: Synced): Extract<Synced, { kind: 'committed' }> {
  if (outcome.kind === 'failed') throw new Error(`${outcome.reason} ${outcome.details.length}`)
  return outcome
}

/** Another process with a session of its own, until it is killed. */
export interface Neighbour {
  readonly pid: number
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export async function neighbour(
  fixture: string,
  prefix: readonly string[] = [],
): Promise<Neighbour> {
  const script = fileURLToPath(new URL('session-process.ts', import.meta.url))
  const node = [process.execPath, '--import', 'tsx', script, `${fixtures}${fixture}`]
  const [command = '', ...args] = [...prefix, ...node]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const said = await Promise.race([once(child.stdout, 'data'), ended])
  if (!String(said[0]).startsWith('started')) throw new Error(`the neighbour ended: ${said}`)
  return {
    pid: child.pid ?? 0,
    async kill(signal) {
      child.kill(signal)
      await ended
    },
  }
}

export async function tablesOf(socket: NetlinkSocket): Promise<readonly FoundTable[]> {
  const found = (await socket.dump(listTables())).replies.map(decodeTable)
  return found.filter(({ name }) => name === 'nodelb')
}

/** nft's listing of our tables, without whom they belong to. */
export async function listed(): Promise<string[][]> {
  const listing = await nft('list', 'ruleset')
  const plain = listing.replace(/ # progname .*$/gm, '').replace(/^\tflags ?.*\n\n?/gm, '')
  return sortedListing(plain).filter(([head]) => head?.includes(' nodelb '))
}

/** From now on elements that contain these bytes go to a set that is not there. */
export function spoil(target: NetlinkSocket, bytes: Buffer): () => void {
  const transact = target.transact.bind(target)
  const spoiled = (request: Request): Request => {
    const payload = Buffer.from(request.payload)
    if (!payload.includes(bytes)) return request
    // The four bytes of nfgenmsg, NFTA_SET_ELEM_LIST_TABLE "nodelb", then the name of the set.
    payload.write('X', payload.indexOf('nodelb\0') + 'nodelb\0'.length + 5)
    return { ...request, payload }
  }
  target.transact = (requests, generation) => transact(requests.map(spoiled), generation)
  return () => {
    target.transact = transact
  }
}

export function bytesOf(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

export function together(first: Goal, ...more: readonly Goal[]): Goal {
  const goals = [first, ...more]
  return {
    ...first,
    cluster: {
      services: goals.flatMap(({ cluster }) => cluster.services),
      slices: goals.flatMap(({ cluster }) => cluster.slices),
    },
  }
}

/** Gives the Services of a goal that many endpoints. */
export function scale({ renderer }: NftablesSession, goal: Goal, count: number): void {
  for (const slice of scaled(goal, count).cluster.slices) renderer.setSlice(slice)
}

export function scaled(goal: Goal, count: number): Goal {
  const slices = goal.cluster.slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.slice(0, count),
  }))
  return { ...goal, cluster: { ...goal.cluster, slices } }
}
