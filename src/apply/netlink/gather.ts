import { AnswerSocket } from './answer-socket.ts'
import { NLMSG_ERROR } from './constants.ts'
import { frameSeries, parseDatagram, type Reply, type Request } from './message.ts'

/**
 * Sends portions of independent requests and hands over each reply; it is valid only during the call. A
 * thread has the kernel answer one portion while the replies to the one before are read, and other work of
 * the event loop goes on in between. What the kernel refuses has no reply, and neither has what does not fit
 * the receive buffer. Rejects with NetlinkError.
 */
export async function gather(
  portions: Iterable<readonly Request[]>,
  visit: (reply: Reply) => void,
): Promise<void> {
  const sockets: AnswerSocket[] = []
  let answers: Promise<readonly Buffer[]> = Promise.resolve([])
  try {
    let turn = 0
    for (const requests of portions) {
      const before = await answers
      answers = inTurn(sockets, turn).ask(frameSeries(requests, 0))
      turn += 1
      for (const datagram of before) visitReplies(datagram, visit)
    }
    for (const datagram of await answers) visitReplies(datagram, visit)
  } finally {
    // The thread may still be at work.
    await answers.catch(() => undefined)
    for (const socket of sockets) socket.close()
  }
}

/** Returns one of two sockets, as the answers of one are read while the other is asked. */
function inTurn(sockets: AnswerSocket[], turn: number): AnswerSocket {
  const known = sockets[turn % 2]
  if (known !== undefined) return known
  const opened = AnswerSocket.open()
  sockets.push(opened)
  return opened
}

function visitReplies(datagram: Buffer, visit: (reply: Reply) => void): void {
  for (const reply of parseDatagram(datagram)) if (reply.type !== NLMSG_ERROR) visit(reply)
}
