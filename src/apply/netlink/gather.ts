import { AnswerSocket } from './answer-socket.ts'
import { NLMSG_ERROR } from './constants.ts'
import { frameSeries, parseDatagram, type Reply, type Request } from './message.ts'

/**
 * Sends portions of independent requests and hands over each reply as it comes; it is valid only during the
 * call. A thread has the kernel answer one portion while the replies to the one before are read, and other
 * work of the event loop goes on in between. What the kernel refuses has no reply, and neither has what does
 * not fit the receive buffer. Rejects with NetlinkError.
 */
export async function gather(
  portions: Iterable<readonly Request[]>,
  visit: (reply: Reply) => void,
): Promise<void> {
  const socket = AnswerSocket.open()
  const read = (): void =>
    socket.read((datagram) => {
      for (const reply of parseDatagram(datagram)) if (reply.type !== NLMSG_ERROR) visit(reply)
    })
  let asked = Promise.resolve()
  try {
    for (const requests of portions) {
      await asked
      asked = socket.ask(frameSeries(requests, 0))
      read()
    }
    await asked
    read()
  } finally {
    // The thread may still be sending.
    await asked.catch(() => undefined)
    socket.close()
  }
}
