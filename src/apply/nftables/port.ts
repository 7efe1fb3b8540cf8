import { HOST_LITTLE_ENDIAN } from '../netlink/attributes.ts'
import { GET_GENERATION, type Reply } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'

/** nlmsg_pid is the last field of nlmsghdr, right before the payload. */
const PORT_BEFORE_PAYLOAD = 4

/**
 * Returns the netlink port that a message names: the port that it answers, or whose commit it
 * announces.
 */
export function portOf({ payload }: Reply): number {
  const { buffer, byteOffset } = payload
  const header = new DataView(buffer, byteOffset - PORT_BEFORE_PAYLOAD, PORT_BEFORE_PAYLOAD)
  return header.getUint32(0, HOST_LITTLE_ENDIAN)
}

/**
 * Returns the socket's own port, to which the kernel addresses its answers. Rejects if it gets
 * none.
 */
export async function ownPort(socket: NetlinkSocket): Promise<number> {
  const [answer] = await socket.request(GET_GENERATION)
  if (answer === undefined) throw new Error('the kernel did not tell its generation')
  return portOf(answer)
}
