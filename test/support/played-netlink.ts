import { AttributeWriter, readAttributes } from '../../src/apply/netlink/attributes.ts'
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../../src/apply/netlink/constants.ts'
import { hostU32 } from '../../src/apply/netlink/host-order.ts'
import { frameMessage, parseDatagram, type Reply } from '../../src/apply/netlink/message.ts'
import { errnoNumber } from '../../src/apply/netlink/netlink-error.ts'
import type { Arrival, RawSocket } from '../../src/apply/netlink/raw-socket.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'

/** What a played kernel answers to one message: payloads of replies, or the name of an error. */
export type Answer = readonly Buffer[] | string

/** Takes a message, and whether it asks for everything. */
export type Answerer = (message: Reply, isDump: boolean) => Answer

const NLM_F_MULTI = 2

/**
 * A netlink socket that a played kernel answers, in place of parts that this kernel lacks. What is sent and
 * received are real messages.
 */
export function playedSocket(answer: Answerer): NetlinkSocket {
  let received: (arrival: Arrival) => void = () => undefined
  const send: RawSocket['send'] = (frame, sent) => {
    sent()
    for (const message of parseDatagram(frame)) {
      for (const datagram of answersTo(message, answer)) {
        received({ datagram, truncated: false, multicast: false })
      }
    }
  }
  const raw: RawSocket = {
    listen: (listener) => {
      received = listener
    },
    send,
    sendFromThread: send,
    peek: () => undefined,
    resize: (_side, bytes) => bytes,
    drops: () => 0,
    close: () => undefined,
  }
  return NetlinkSocket.over(raw)
}

function answersTo(message: Reply, answer: Answerer): readonly Buffer[] {
  const { type, flags, sequence } = message
  const isDump = (flags & NLM_F_DUMP) === NLM_F_DUMP
  const answered = answer(message, isDump)
  const frame = (of: number, payload: Buffer, more = 0): Buffer =>
    frameMessage({ type: of, flags: more, payload }, sequence)
  if (typeof answered === 'string') return [frame(NLMSG_ERROR, verdict(message, answered))]
  if (isDump) {
    const parts = answered.map((payload) => frame(type, payload, NLM_F_MULTI))
    return [...parts, frame(NLMSG_DONE, hostU32(0), NLM_F_MULTI)]
  }
  const isAcknowledged = (flags & NLM_F_ACK) !== 0
  const end = isAcknowledged ? [frame(NLMSG_ERROR, verdict(message, ''))] : []
  return [...answered.map((payload) => frame(type, payload)), ...end]
}

/** Returns the negated number of an error, and the message that it is about. */
function verdict({ type, flags, sequence, payload }: Reply, errno: string): Buffer {
  const quoted = frameMessage({ type, flags, payload }, sequence)
  return Buffer.concat([hostU32(-errnoNumber(errno)), quoted])
}

/** Returns attributes of an attribute. */
export function within(value: Buffer | undefined): ReadonlyMap<number, Buffer> {
  return readAttributes(value ?? Buffer.alloc(0))
}

/** Returns a header with the attributes that `write` adds. */
export function payloadOf(header: Uint8Array, write: (writer: AttributeWriter) => void): Buffer {
  const writer = new AttributeWriter(256)
  write(writer)
  return Buffer.concat([header, writer.finish()])
}
