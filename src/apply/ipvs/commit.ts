import type { Address } from '../../model/address.ts'
import type { IpvsOperation, IpvsPlan } from '../../plan/ipvs/operation.ts'
import { findFamily } from '../generic/family.ts'
import type { Request } from '../netlink/message.ts'
import { sendSeries } from '../netlink/series.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { addAddress, deleteAddress } from '../rtnetlink/addresses.ts'
import { IPVS_FAMILY } from './constants.ts'
import { changeDummy, type DummyOperation, findDummy } from './dummy.ts'
import { encodeOperation, type ServerOperation } from './encode.ts'
import { alreadyDone, explain, type IpvsFailure } from './failure.ts'
import { Obstacles } from './obstacles.ts'
import type { IpvsSockets } from './sockets.ts'

export interface IpvsCommit {
  /** The number of operations that took effect or were not needed. */
  readonly done: number
  readonly failures: readonly IpvsFailure[]
}

/**
 * Performs the operations in order, and sends consecutive ones of one kind together. There are no
 * transactions: a failure stops no other operation, unless that would leave an address without
 * virtual servers behind it; such operations can be tried again. `served` returns whether an
 * address had a server before. Rejects with NetlinkError when an answer is missing: then read the
 * kernel again.
 */
export async function commitIpvs(
  sockets: IpvsSockets,
  plan: IpvsPlan,
  served: (address: Address) => boolean,
): Promise<IpvsCommit> {
  const obstacles = new Obstacles(plan, served)
  const failures: IpvsFailure[] = []
  for (const run of runs(plan)) {
    const tried = run.operations.filter((operation) => {
      const failure = obstacles.before(operation)
      if (failure !== undefined) failures.push(failure)
      return failure === undefined
    })
    const refused = await perform(sockets, { ...run, operations: tried } as Run)
    for (const failure of refused) obstacles.note(failure)
    failures.push(...refused)
  }
  return { done: plan.length - failures.length, failures }
}

type AddressOperation = Extract<IpvsOperation, { readonly kind: 'add-address' | 'delete-address' }>

/** Consecutive operations that are sent in the same way. */
type Run =
  /** No destination is added before it is known which servers are nodelb's. */
  | { readonly way: 'servers' | 'destinations'; readonly operations: readonly ServerOperation[] }
  | { readonly way: 'dummy'; readonly operations: readonly DummyOperation[] }
  | { readonly way: 'addresses'; readonly operations: readonly AddressOperation[] }

function wayOf({ kind }: IpvsOperation): Run['way'] {
  switch (kind) {
    case 'add-dummy':
    case 'delete-dummy':
      return 'dummy'
    case 'add-address':
    case 'delete-address':
      return 'addresses'
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return 'destinations'
    default:
      return 'servers'
  }
}

function runs(plan: IpvsPlan): readonly Run[] {
  const found: { way: Run['way']; operations: IpvsOperation[] }[] = []
  for (const operation of plan) {
    const way = wayOf(operation)
    const last = found.at(-1)
    if (last?.way === way) last.operations.push(operation)
    else found.push({ way, operations: [operation] })
  }
  return found as readonly Run[]
}

async function perform(sockets: IpvsSockets, run: Run): Promise<readonly IpvsFailure[]> {
  if (run.operations.length === 0) return []
  switch (run.way) {
    case 'servers':
    case 'destinations':
      return performServers(sockets.generic, run.operations)
    case 'addresses':
      return performAddresses(sockets.route, run.operations)
    case 'dummy': {
      const failures: IpvsFailure[] = []
      for (const operation of run.operations) {
        const failure = await changeDummy(sockets.route, operation)
        if (failure !== undefined) failures.push(failure)
      }
      return failures
    }
  }
}

async function performServers(
  socket: NetlinkSocket,
  operations: readonly ServerOperation[],
): Promise<readonly IpvsFailure[]> {
  const family = await findFamily(socket, IPVS_FAMILY)
  if (family.kind === 'missing') {
    const reason = 'the kernel has no ipvs: load the kernel module ip_vs'
    return operations.map((operation) => ({ operation, errno: 'ENOENT', reason }))
  }
  const requests = operations.map((operation) => encodeOperation(family.id, operation))
  return performEach(socket, operations, requests)
}

/** All operations of a run concern the same dummy interface. */
async function performAddresses(
  socket: NetlinkSocket,
  operations: readonly AddressOperation[],
): Promise<readonly IpvsFailure[]> {
  const link = await findDummy(socket, operations[0]?.dummy ?? '')
  if (link.kind === 'unusable') return operations.map((operation) => ({ operation, ...link.why }))
  const requests = operations.map(({ kind, address }) =>
    kind === 'add-address' ? addAddress(link.index, address) : deleteAddress(link.index, address),
  )
  return performEach(socket, operations, requests)
}

async function performEach(
  socket: NetlinkSocket,
  operations: readonly IpvsOperation[],
  requests: readonly Request[],
): Promise<readonly IpvsFailure[]> {
  return (await sendSeries(socket, requests)).flatMap(({ index, errno }) => {
    const operation = operations[index]
    if (operation === undefined || alreadyDone(operation, errno)) return []
    return [{ operation, errno, reason: explain(operation, errno) }]
  })
}
