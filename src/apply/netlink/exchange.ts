import type { Conversation, Settled } from './conversation.ts'
import type { Reply } from './message.ts'
import { NetlinkError } from './netlink-error.ts'
import { watchSilence } from './silence.ts'

/**
 * Milliseconds after which sending is given up: npm netlink repeats sendmsg for ever on ENOBUFS, at
 * full CPU load.
 */
const SEND_LIMIT = 2_000
/**
 * Milliseconds until the fence is sent again: its answer is lost while errors fill the receive
 * buffer, and needs another request once they are read.
 */
const FENCE_INTERVAL = 250

/** How requests and their answers travel. */
export interface Line {
  /**
   * Sends a frame. `sent` gets the error code if sendmsg failed, and is never called before this
   * returns.
   */
  send(frame: Buffer, sent: (code?: string) => void): void
  /** Does the same from a thread, for requests that may take the kernel long. */
  sendFromThread(frame: Buffer, sent: (code?: string) => void): void
  /** Returns a count that grows with every answer that arrives. */
  arrivals(): number
  /** Closes the line after it got stuck for good. */
  shut(reason: NetlinkError): void
  /** Milliseconds without an answer after which a request is given up. */
  readonly timeLimit: number
}

export interface Inquiry<Result> {
  readonly frame: Buffer
  /** The kernel may take long over the request; the event loop goes on meanwhile. */
  readonly fromThread?: boolean
  /** Is called when the kernel has taken the frame, unless a thread sends it: what it answers at once is there. */
  readonly taken?: () => void
  /** A request that is sent after the frame, and again until it is answered. */
  readonly fence?: Buffer
  /** The answers' sequence numbers run from `first` to `last`, both included. */
  readonly first: number
  readonly last: number
  readonly conversation: Conversation<Result>
}

/** A request under way. */
export interface Exchange {
  accept(reply: Reply): void
  /** Notes that an answer was cut off, so that the result would be incomplete. */
  damage(): void
  abort(error: NetlinkError): void
}

/**
 * Sends the inquiry and resolves to its result. Rejects with NetlinkError if the kernel refuses or
 * does not answer, if sending fails, or with EMSGSIZE if an answer was cut off. `follow` gets the
 * exchange before anything is sent, and undefined when it is over.
 */
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
    watch(sendFrame(line, inquiry, sent))
  })
}

/** Sends the frame of an inquiry. Returns a function that ends the watch over the sending. */
function sendFrame(
  line: Line,
  { frame, fromThread, taken }: Pick<Inquiry<unknown>, 'frame' | 'fromThread' | 'taken'>,
  sent: (code?: string) => void,
): () => void {
  if (fromThread) {
    line.sendFromThread(frame, sent)
    return () => undefined
  }
  const stop = watchSending(line)
  line.send(frame, (code) => {
    stop()
    sent(code)
  })
  taken?.()
  return stop
}

function watchSending(line: Line): () => void {
  const shut = () => line.shut(new NetlinkError('ENOBUFS', 'netlink socket cannot send'))
  return watchSilence(SEND_LIMIT, () => 0, shut)
}

/**
 * Sends the fence after every interval without an arrival: while errors come in, it may still come.
 */
function repeatFence(line: Line, fence: Buffer): () => void {
  let stop: () => void
  function send(): void {
    line.send(fence, () => undefined)
    stop = watchSilence(FENCE_INTERVAL, line.arrivals, send)
  }
  send()
  return () => stop()
}
