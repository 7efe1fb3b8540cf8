import type { IpvsOperation } from '../../plan/ipvs/operation.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { addDummy, deleteLink, findLink } from '../rtnetlink/links.ts'
import { explain, type IpvsFailure, notADummy } from './failure.ts'

export type DummyOperation = Extract<IpvsOperation, { readonly kind: 'add-dummy' | 'delete-dummy' }>

type Why = Pick<IpvsFailure, 'errno' | 'reason'>

/**
 * Returns the index of the dummy interface of that name, or why there is none. Rejects with
 * NetlinkError.
 */
export async function findDummy(
  socket: NetlinkSocket,
  name: string,
): Promise<
  | { readonly kind: 'dummy'; readonly index: number }
  | { readonly kind: 'unusable'; readonly why: Why }
> {
  const link = await findLink(socket, name)
  if (link.kind === 'dummy') return link
  const why =
    link.kind === 'missing'
      ? { errno: 'ENODEV', reason: `there is no interface ${name}` }
      : { errno: 'EEXIST', reason: notADummy(name, link.found) }
  return { kind: 'unusable', why }
}

/**
 * Adds or deletes the dummy interface, but never touches an interface of another kind. Returns
 * undefined when the interface is as wanted. Rejects with NetlinkError if it cannot be looked up.
 */
export async function changeDummy(
  socket: NetlinkSocket,
  operation: DummyOperation,
): Promise<IpvsFailure | undefined> {
  const { kind, name } = operation
  const link = await findLink(socket, name)
  if (link.kind === 'other') {
    return { operation, errno: 'EEXIST', reason: notADummy(name, link.found) }
  }
  if ((link.kind === 'dummy') === (kind === 'add-dummy')) return undefined
  try {
    await socket.request(link.kind === 'dummy' ? deleteLink(link.index) : addDummy(name))
    return undefined
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return { operation, errno: error.code, reason: explain(operation, error.code) }
  }
}
