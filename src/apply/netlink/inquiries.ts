import { NLMSG_ERROR } from './constants.ts'
import {
  batchConversation,
  type Conversation,
  fenceNumber,
  type RequestFailure,
  seriesConversation,
  type TransactOutcome,
} from './conversation.ts'
import type { Inquiry } from './exchange.ts'
import {
  frameMessage,
  frameSeries,
  GET_GENERATION,
  parseAcknowledgement,
  parseDatagram,
  type Request,
} from './message.ts'

/** Bytes from which a thread sends a batch (ADR 0019): some 1,300 elements. */
const LARGE = 65_536

/** Returns how to send one request under this sequence number. */
export function requestInquiry<Result>(
  request: Request,
  first: number,
  conversation: Conversation<Result>,
): Inquiry<Result> {
  return { frame: frameMessage(request, first), first, last: first, conversation }
}

/** Returns how to send independent requests in one datagram, numbered from `first`. */
export function seriesInquiry(
  requests: readonly Request[],
  first: number,
): Inquiry<readonly RequestFailure[]> {
  const conversation = seriesConversation(requests, first)
  return {
    frame: frameSeries(requests, first),
    first,
    last: first + requests.length - 1,
    conversation,
  }
}

interface BatchNumbers {
  /** The sequence number of the message that begins the batch. */
  readonly begin: number
  /** How many requests the batch has. */
  readonly requests: number
  /** The most bytes that the socket sends at once. */
  readonly limit: number
}

/** Tells of a commit before the event loop goes on. */
interface AtOnce {
  /** Returns the beginning of what waits to be received. */
  readonly peek: () => Buffer | undefined
  readonly committed: () => void
}

/**
 * Returns how to send a batch: a thread sends a large one, unless its commit is to be told of at once, and a fence
 * follows it.
 */
export function batchInquiry(
  frame: Buffer,
  numbers: BatchNumbers,
  atOnce?: AtOnce,
): Inquiry<TransactOutcome> {
  const batch = { ...numbers, bytes: frame.length }
  const last = fenceNumber(batch)
  return {
    frame,
    first: numbers.begin,
    last,
    conversation: batchConversation(batch),
    fence: frameMessage(GET_GENERATION, last),
    fromThread: frame.length >= LARGE && atOnce === undefined,
    ...(atOnce && { taken: () => tellAtOnce(atOnce, numbers) }),
  }
}

/** The kernel has answered the batch when it takes it; an error would come before the acknowledgement. */
function tellAtOnce({ peek, committed }: AtOnce, { begin, requests }: BatchNumbers): void {
  const [answer] = parseDatagram(peek() ?? NONE)
  if (answer?.type !== NLMSG_ERROR || answer.sequence !== begin + requests) return
  if (parseAcknowledgement(answer).errno === 0) committed()
}

const NONE = Buffer.alloc(0)
