import type { Announced } from '../../announce/announced.ts'
import type { Handover } from '../../announce/handover.ts'
import type { Address } from '../../model/address.ts'
import type { Failed } from '../outcome.ts'

/** An interface on which nothing could be announced; the others are. */
export interface RefusedInterface {
  readonly name: string
  readonly reason: string
}

export interface Programmed {
  readonly kind: 'programmed'
  readonly refused: readonly RefusedInterface[]
  /** What was offered to another node and is not any more, and was taken before: it is not answered for. */
  readonly taken?: readonly Address[]
}

/** The switch had run out, so nothing answers, and another node may: nothing was changed. */
export interface RanOut {
  readonly kind: 'ran-out'
}

/** What answered when this process began. */
export interface Inherited {
  readonly kind: 'inherited'
  /** Milliseconds until the switch runs out; undefined if it has, so that nothing answers. */
  readonly left: number | undefined
  /** By the name of the interface. */
  readonly addresses: ReadonlyMap<string, ReadonlySet<Address>>
}

/** By the name of the interface, how many questions for each address were answered. */
export type AnswerCounts = ReadonlyMap<string, ReadonlyMap<Address, number>>

/** What is urgent while addresses change hands, because two nodes answer meanwhile. */
export interface HandoverParts {
  /** What this node offers: a responder that hears itself that it is taken ceases to answer. */
  readonly offered: readonly Handover[]
  /** Is called as soon as all is as it was asked for, if that is known before `program` resolves. */
  readonly done?: () => void
}

/**
 * Answers who asks on the link for an address (ARP, NDP), as long as it is told in time to go on.
 * Calls take effect in their order. No call rejects because of the kernel.
 */
export interface Responder {
  /** Whether the kernel answers, or this process through packet sockets. */
  readonly kind: 'kernel' | 'socket'
  /** Says what already answers; to be asked before the first `program`. */
  inherited(): Promise<Inherited | Failed>
  /** Answers for nothing, and may be given addresses to answer for in the next milliseconds. */
  revive(milliseconds: number): Promise<Programmed | Failed>
  /**
   * Answers for these addresses and for no others, on these interfaces and on no others, and goes on
   * for so many milliseconds; all or nothing. It has to be called again when an interface changed,
   * even if only its link went down and came back.
   */
  program(
    announced: readonly Announced[],
    milliseconds: number,
    handover?: HandoverParts,
  ): Promise<Changed>
  /** Goes on answering for so many milliseconds, and not longer. */
  renew(milliseconds: number): Promise<Changed>
  counts(): Promise<AnswerCounts | Failed>
  /** Ends answering, and leaves nothing behind. */
  remove(): Promise<Programmed | Failed>
  /** Lets go; the kernel goes on answering until the switch runs out. */
  close(): Promise<void>
}

export type Changed = Programmed | RanOut | Failed
