import type { Address, Port, Protocol } from './address.ts'
import { fieldsOf, type Tuple, tuple } from './tuple.ts'

/**
 * Names a frontend within one address family: an address with protocol and port (`10.96.0.10 . tcp
 * . 80`), or a port of the node (`tcp . 30080`).
 */
export type FrontendId = Tuple

/** Returns the id of a VIP. */
export function vipKey(address: string, protocol: Protocol, port: number): FrontendId {
  return tuple(address, protocol, port)
}

/** Returns the id of a port of the node. */
export function nodePortKey(protocol: Protocol, port: number): FrontendId {
  return tuple(protocol, port)
}

/**
 * Returns a frontend as people write it: `192.0.2.1:80/tcp`, `[2001:db8::1]:80/tcp`, and for a port
 * of the node `*:30080/tcp`.
 */
export function frontendText(id: FrontendId): string {
  const { address = '*', protocol, port } = frontendAddress(id)
  const host = address.includes(':') ? `[${address}]` : address
  return `${host}:${port}/${protocol}`
}

/** The parts of a frontend's id. */
interface FrontendAddress {
  /** Undefined for a port of the node. */
  readonly address: Address | undefined
  readonly protocol: Protocol
  readonly port: Port
}

/** Reads an id that `vipKey` or `nodePortKey` made. */
export function frontendAddress(id: FrontendId): FrontendAddress {
  const fields = fieldsOf(id)
  const [protocol, port] = fields.slice(-2)
  return {
    address: fields.length > 2 ? (fields[0] as Address) : undefined,
    protocol: protocol as Protocol,
    port: Number(port) as Port,
  }
}
