import type { Announced } from '../../announce/announced.ts'
import type { Handover } from '../../announce/handover.ts'
import type { Refused } from '../../apply/netdev/commit.ts'
import type { Found } from '../../apply/netdev/read.ts'
import type { Address } from '../../model/address.ts'
import { textOf } from '../../plan/netdev/explain.ts'
import { isHandover } from '../../ruleset/netdev/handover.ts'
import { type Failed, failed } from '../outcome.ts'
import type { RanOut } from './responder.ts'

// What becomes of a change that the kernel does not simply make.

/** What the kernel is to answer for, and what of that is offered to other nodes. */
export interface Wanted {
  readonly announced: readonly Announced[]
  readonly handovers: readonly Handover[]
  /** Is called as soon as it is so, if that is known before `write` resolves. */
  readonly committed?: (() => void) | undefined
}

export const NOTHING: Wanted = { announced: [], handovers: [] }

/** The kernel refused something that has to do with this interface, such as one that is gone. */
export interface WithoutInterface {
  readonly kind: 'refused-interface'
  readonly name: string
  readonly reason: string
}

/** The kernel cannot hear that offers are taken. */
export interface WithoutHandovers {
  readonly kind: 'refused-handovers'
}

/** Another node has taken these addresses, which were offered to it and are not any more: nothing was changed. */
export interface TakenMeanwhile {
  readonly kind: 'taken'
  readonly addresses: ReadonlySet<Address>
}

/** Returns what is wanted although another node has taken it; undefined if nothing is. */
export function takenMeanwhile(
  { taken }: Found,
  { announced, handovers }: Wanted,
): TakenMeanwhile | undefined {
  const offered = new Set(handovers.map(({ offer }) => offer))
  const gone = [...taken].flatMap(([offer, addresses]) =>
    offered.has(offer) ? [] : [...addresses],
  )
  const addresses = new Set(
    gone.filter((address) => announced.some((each) => each.addresses.has(address))),
  )
  return addresses.size === 0 ? undefined : { kind: 'taken', addresses }
}

/** Returns the rest of what is wanted. A caller who waits for all of it is not told at once that it is done. */
export function withoutTaken(
  { announced, handovers }: Wanted,
  taken: ReadonlySet<Address>,
): Wanted {
  const left = announced.map(({ station, addresses }) => ({
    station,
    addresses: new Set([...addresses].filter((address) => !taken.has(address))),
  }))
  return { announced: left, handovers }
}

/** An offer was taken between reading and this change. */
export function isTaken(refused: readonly Refused[]): boolean {
  return refused.some(({ operation }) => operation.kind === 'unless-taken')
}

/** Returns what it means that the switch was not renewed. */
export function judgeSwitch({ operation, errno }: Refused): RanOut | Failed {
  if (errno === 'ENOENT') return { kind: 'ran-out' }
  return failed(`${textOf(operation)}: ${errno}`)
}

/** Returns what the refusal of a change means that was planned by what was just read. */
export function judge(
  refused: readonly [Refused, ...Refused[]],
): WithoutInterface | WithoutHandovers | RanOut | Failed {
  const [first] = refused
  const { operation, errno } = first
  if (operation.kind === 'switch-off') return judgeSwitch(first)
  const reason = `${textOf(operation)}: ${errno}`
  // Sets are not looked at: the kernel takes those of handovers wherever it takes the others.
  const chains = refused.flatMap(({ operation }) =>
    operation.kind === 'add-chain' || operation.kind === 'add-rule' ? operation.chain : [],
  )
  // An interface that refuses the one chain refuses the other one, too, and the others take both.
  const name = chains.find((chain) => !isHandover(chain))
  if (name !== undefined) return { kind: 'refused-interface', name, reason }
  return chains.length > 0 ? { kind: 'refused-handovers' } : failed(reason)
}
