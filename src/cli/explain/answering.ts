import { readAnnounceTable } from '../../apply/netdev/read.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { addressSet } from '../../ruleset/netdev/types.ts'

/** Whether this kernel answers for an address on the LAN at the moment. */
export type Answering =
  | { readonly kind: 'no-table' }
  | {
      readonly kind: 'table'
      /** The interfaces for which the table has the address. */
      readonly interfaces: readonly string[]
      /** Milliseconds until the switch runs out; undefined if it is off: then nothing is answered. */
      readonly switch: number | undefined
    }

/** Returns undefined if the table may not be read. */
export async function answeringFor(address: Address): Promise<Answering | undefined> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const { table, switch: left } = await readAnnounceTable(socket, [])
    if (table === undefined) return { kind: 'no-table' }
    const family = familyOf(address)
    const interfaces = [...table.chains].flatMap(([name, { device }]) => {
      const isHeld = table.elements.get(addressSet(family, name))?.has(address)
      return device !== undefined && isHeld ? [device] : []
    })
    return { kind: 'table', interfaces: interfaces.sort(), switch: left }
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
