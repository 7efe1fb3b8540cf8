import type { RequestFailure } from './conversation.ts'
import type { Request } from './message.ts'
import type { NetlinkSocket } from './socket.ts'

/** Requests in one datagram: if all fail, their errors still fit the receive buffer. */
const MOST = 512

/**
 * Sends many independent requests at once; the kernel keeps their order, and one that fails does
 * not stop those after it. Returns the failures. Rejects with NetlinkError when an answer is
 * missing: it is then unknown how far the kernel went, and nothing more is sent.
 */
export async function sendSeries(
  socket: NetlinkSocket,
  requests: readonly Request[],
): Promise<readonly RequestFailure[]> {
  const failures: RequestFailure[] = []
  for (let done = 0; done < requests.length; done += MOST) {
    for (const failure of await socket.series(requests.slice(done, done + MOST))) {
      failures.push({ ...failure, index: done + failure.index })
    }
  }
  return failures
}
