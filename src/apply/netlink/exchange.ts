import type { Conversation, Settled } from './conversation.ts'
import type { Reply } from './message.ts'
import { NetlinkError } from './netlink-error.ts'
import { watchSilence } from './silence.ts'

/** npm netlink repeats sendmsg for ever on ENOBUFS, at full load; give up after this long. */
const SEND_LIMIT = 2_000
/** Errors that fill the receive buffer crowd out the fence's answer: ask again once they are read. */
const FENCE_INTERVAL = 250

/** How a request and its answers travel. */
export interface Line {
  /** `sent` gets the error code if sendmsg failed; never called before this returns. */
  send(frame: Buffer, sent: (code?: string) => void): void
  /** The same for what the kernel may take long over. */
  sendFromThread(frame: Buffer, sent: (code?: string) => void): void
  /** A count that grows with every answer that arrives. */
  arrivals(): number
  /** The line is stuck for good. */
  shut(reason: NetlinkError): void
  /** Milliseconds of silence after which a request is given up. */
  readonly timeLimit: number
}

export interface Inquiry<Result> {
  readonly frame: Buffer
  /** The kernel may take long over it: the event loop goes on meanwhile. */
  readonly fromThread?: boolean
  /** Sent after the frame, and again until it is answered. */
  readonly fence?: Buffer
  /** Answers carry these sequence numbers, both included. */
  readonly first: number
  readonly last: number
  readonly conversation: Conversation<Result>
}

/** A request under way. */
export interface Exchange {
  accept(reply: Reply): void
  /** An answer was cut off: whatever comes of this is not the whole truth. */
  damage(): void
  abort(error: NetlinkError): void
}

/** `follow` gets the exchange before anything is sent, and undefined when it is over. */
export function startExchange<Result>(
  line: Line,
  inquiry: Inquiry<Result>,
  follow: (exchange: Exchange | undefined) => void,
): Promise<Result> {
  const { conversation, first, last } = inquiry
  return new Promise((resolve, reject) => {
    const watches: (() => void)[] = []
    let damaged = false
    let over = false
    const finish = (settled: Settled<Result>): void => {
      if (over) return
      over = true
      for (const stop of watches) stop()
      follow(undefined)
      if (settled.kind === 'refused') reject(settled.error)
      else if (damaged) reject(new NetlinkError('EMSGSIZE', 'netlink answer cut off'))
      else resolve(settled.result)
    }
    follow({
      accept(reply) {
        if (over || reply.sequence < first || reply.sequence > last) return
        const settled = conversation.accept(reply)
        if (settled) finish(settled)
      },
      damage() {
        damaged = true
      },
      abort: (error) => finish({ kind: 'refused', error }),
    })
    const watch = (stop: () => void): void => {
      if (over) stop()
      else watches.push(stop)
    }
    const sent = (code?: string): void => {
      if (code !== undefined) finish(conversation.unsent(code))
      if (over) return
      watch(watchSilence(line.timeLimit, line.arrivals, () => finish(conversation.silence())))
      if (inquiry.fence) watch(repeatFence(line, inquiry.fence))
    }
    if (inquiry.fromThread) return line.sendFromThread(inquiry.frame, sent)
    const stopSendWatch = watchSending(line)
    watch(stopSendWatch)
    line.send(inquiry.frame, (code) => {
      stopSendWatch()
      sent(code)
    })
  })
}

function watchSending(line: Line): () => void {
  const shut = () => line.shut(new NetlinkError('ENOBUFS', 'netlink socket cannot send'))
  return watchSilence(SEND_LIMIT, () => 0, shut)
}

/** Again after every interval in which nothing arrived: while errors come in, it still may. */
function repeatFence(line: Line, fence: Buffer): () => void {
  let stop: () => void
  function send(): void {
    line.send(fence, () => undefined)
    stop = watchSilence(FENCE_INTERVAL, line.arrivals, send)
  }
  send()
  return () => stop()
}
