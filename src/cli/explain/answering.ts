import { heldByInterface } from '../../apply/netdev/held.ts'
import { readAnnounceTable } from '../../apply/netdev/read.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import type { Address } from '../../model/address.ts'

/** Whether this kernel answers for an address on the LAN at the moment. */
export type Answering =
  | { readonly kind: 'no-table' }
  | {
      readonly kind: 'table'
      /** The interfaces for which the table has the address, unless another node has taken it. */
      readonly interfaces: readonly string[]
      /** Another node has taken it over. */
      readonly isTaken: boolean
      /** Milliseconds until the switch runs out; undefined if it is off: then nothing is answered. */
      readonly switch: number | undefined
    }

/** Returns undefined if the table may not be read. */
export async function answeringFor(address: Address): Promise<Answering | undefined> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const found = await readAnnounceTable(socket, [])
    const { table, switch: left } = found
    if (table === undefined) return { kind: 'no-table' }
    const interfaces = [...heldByInterface(found)].flatMap(([name, held]) => {
      const device = table.chains.get(name)?.device
      return device !== undefined && held.has(address) ? [device] : []
    })
    const isTaken = [...found.taken.values()].some((addresses) => addresses.has(address))
    return { kind: 'table', interfaces: interfaces.sort(), isTaken, switch: left }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return undefined
  } finally {
    socket?.close()
  }
}

/** Returns whether the kernel answers anybody. */
export function answers(answering: Answering): boolean {
  if (answering.kind === 'no-table') return false
  return answering.interfaces.length > 0 && answering.switch !== undefined
}
