// Turns the answers to one request into a result or an error. This file is pure.

import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './constants.ts'
import {
  type Acknowledgement,
  parseAcknowledgement,
  parseDone,
  type Reply,
  type Request,
  resourceId,
} from './message.ts'
import { errnoName, NetlinkError } from './netlink-error.ts'

export interface Dump {
  readonly replies: readonly Reply[]
  /** The rule set changed while it was read, so the replies may not fit together. */
  readonly interrupted: boolean
}

export interface RequestFailure {
  /** The index among the requests of the transaction. */
  readonly index: number
  readonly errno: string
  /** The offset at which the failing attribute starts in the request's message. */
  readonly offset?: number
  readonly message?: string
}

export type TransactOutcome =
  | { readonly kind: 'committed' }
  /** Another program committed since the generation was read; nothing was applied. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'rejected'; readonly failures: readonly RequestFailure[] }
  | { readonly kind: 'too-large'; readonly bytes: number; readonly limit: number }
  /** It is unknown whether the batch was applied: read the kernel again. */
  | { readonly kind: 'no-answer' }

export type Settled<Result> =
  | { readonly kind: 'answered'; readonly result: Result }
  | { readonly kind: 'refused'; readonly error: NetlinkError }

export interface Conversation<Result> {
  /** Takes one reply; returns the end of the conversation, or undefined while more must come. */
  accept(reply: Reply): Settled<Result> | undefined
  /** Ends the conversation after sendmsg failed: the kernel has not seen the request. */
  unsent(code: string): Settled<Result>
  /** Ends the conversation after the time limit passed without an answer. */
  silence(): Settled<Result>
}

/** Collects all replies until NLMSG_DONE. */
export function dumpConversation(type: number): Conversation<Dump> {
  const replies: Reply[] = []
  return walkConversation(
    type,
    (reply) => replies.push(reply),
    (interrupted) => ({ replies, interrupted }),
  )
}

/** Hands over each reply as it comes, until NLMSG_DONE; a long dump is never held as a whole. */
export function walkConversation<Result>(
  type: number,
  visit: (reply: Reply) => void,
  conclude: (interrupted: boolean) => Result,
): Conversation<Result> {
  let interrupted = false
  let resource: number | undefined
  return {
    accept(reply) {
      if (reply.type === NLMSG_ERROR) return unlessZero(parseAcknowledgement(reply), type)
      if ((reply.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true
      if (reply.type === NLMSG_DONE)
        return unlessZero({ errno: parseDone(reply) }, type) ?? answered(conclude(interrupted))
      // Element dumps never set NLM_F_DUMP_INTR, but every message names its generation.
      const current = resourceId(reply)
      if (resource !== undefined && current !== undefined && current !== resource)
        interrupted = true
      resource = current ?? resource
      visit(reply)
      return undefined
    },
    ...plainFailures(type),
  }
}

/** Collects replies until the acknowledgement; the request must carry NLM_F_ACK. */
export function requestConversation(type: number): Conversation<readonly Reply[]> {
  const replies: Reply[] = []
  return {
    accept(reply) {
      if (reply.type === NLMSG_ERROR)
        return unlessZero(parseAcknowledgement(reply), type) ?? answered(replies)
      if (reply.type !== NLMSG_DONE) replies.push(reply)
      return undefined
    },
    ...plainFailures(type),
  }
}

/**
 * For independent requests in one datagram: the kernel handles them in order and answers those that
 * fail, and the last one in any case. The result lists the failures.
 */
export function seriesConversation(
  requests: readonly Request[],
  first: number,
): Conversation<readonly RequestFailure[]> {
  const failures: RequestFailure[] = []
  return {
    accept(reply) {
      if (reply.type !== NLMSG_ERROR) return undefined
      const { errno, ...detail } = parseAcknowledgement(reply)
      const index = reply.sequence - first
      if (errno !== 0) failures.push({ index, errno: errnoName(errno), ...detail })
      return index === requests.length - 1 ? answered(failures) : undefined
    },
    ...plainFailures(requests[0]?.type ?? 0),
  }
}

/** The sequence numbers of a batch start at `begin`: batch begin, requests, batch end, fence. */
interface BatchNumbers {
  readonly begin: number
  readonly requests: number
  readonly bytes: number
  readonly limit: number
}

/** Returns the sequence number of the fence, the last one of the batch. */
export function fenceNumber({ begin, requests }: BatchNumbers): number {
  return begin + requests + 2
}

/**
 * For a batch. The kernel queues every error before sendmsg returns, so the answer to the fence, a
 * request sent after the batch, means that no more answers come. Only the last request is
 * acknowledged, even if another one failed.
 */
export function batchConversation(numbers: BatchNumbers): Conversation<TransactOutcome> {
  const { begin, requests, bytes, limit } = numbers
  const fence = fenceNumber(numbers)
  const failures: RequestFailure[] = []
  let refusal: Acknowledgement | undefined
  let acknowledged = false
  function conclude(): Settled<TransactOutcome> {
    if (refusal && errnoName(refusal.errno) === 'ERESTART') return answered({ kind: 'stale' })
    if (refusal) return refused(refusal, 'nf_tables batch')
    if (failures.length > 0) return answered({ kind: 'rejected', failures })
    return answered({ kind: acknowledged ? 'committed' : 'no-answer' })
  }
  return {
    accept(reply) {
      if (reply.sequence === fence) return conclude()
      if (reply.type !== NLMSG_ERROR) return undefined
      const { errno, ...detail } = parseAcknowledgement(reply)
      const index = reply.sequence - begin - 1
      if (errno === 0) acknowledged ||= index === requests - 1
      else if (index < 0 || index >= requests) refusal ??= { errno, ...detail }
      else failures.push({ index, errno: errnoName(errno), ...detail })
      return undefined
    },
    unsent: (code) =>
      code === 'EMSGSIZE'
        ? answered({ kind: 'too-large', bytes, limit })
        : { kind: 'refused', error: new NetlinkError(code, 'nf_tables batch not sent') },
    silence: () => answered({ kind: 'no-answer' }),
  }
}

function answered<Result>(result: Result): Settled<Result> {
  return { kind: 'answered', result }
}

function refused(acknowledgement: Acknowledgement, what: string): Settled<never> {
  const { errno, offset, message } = acknowledgement
  const detail = {
    ...(offset !== undefined && { offset }),
    ...(message !== undefined && { explanation: message }),
  }
  return { kind: 'refused', error: new NetlinkError(errnoName(errno), what, detail) }
}

function unlessZero(acknowledgement: Acknowledgement, type: number): Settled<never> | undefined {
  return acknowledgement.errno === 0 ? undefined : refused(acknowledgement, describe(type))
}

function plainFailures(type: number): Pick<Conversation<never>, 'unsent' | 'silence'> {
  const fail = (code: string, what: string): Settled<never> => ({
    kind: 'refused',
    error: new NetlinkError(code, what),
  })
  return {
    unsent: (code) => fail(code, `${describe(type)} not sent`),
    silence: () => fail('ETIMEDOUT', `${describe(type)} not answered`),
  }
}

function describe(type: number): string {
  return `netlink request 0x${type.toString(16).padStart(4, '0')}`
}
