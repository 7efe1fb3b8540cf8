import { type Attributes, AttributeWriter, readAttributes } from '../netlink/attributes.ts'
import type { Request } from '../netlink/message.ts'

const HEADER = 4
const VERSION = 1
const MESSAGE_SIZE = 256

/**
 * Returns a request to a generic netlink family: a genlmsghdr, then the attributes that `write`
 * adds.
 */
export function genericRequest(
  family: number,
  command: number,
  write: (writer: AttributeWriter) => void = () => undefined,
): Request {
  const writer = new AttributeWriter(MESSAGE_SIZE)
  write(writer)
  const header = Uint8Array.of(command, VERSION, 0, 0)
  return { type: family, flags: 0, payload: Buffer.concat([header, writer.finish()]) }
}

/** Returns the attributes after the genlmsghdr. */
export function genericAttributes(payload: Buffer): Attributes {
  return readAttributes(payload.subarray(HEADER))
}
