import type { Address } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import { type Answer, refused } from './answer.ts'
import { askAddresses } from './ask-addresses.ts'
import { askPool } from './ask-pool.ts'
import { assign, type Draft } from './draft.ts'
import type { Given } from './reason.ts'
import type { Claimant } from './world.ts'

/**
 * Meets the wishes that can be met, and returns the reasons of those whose addresses change. Who
 * asks for addresses goes before who names a pool, and the older before the younger. Who moves makes
 * room: then those who wait for it are asked again before any younger one takes it. Claimants are given oldest first.
 */
export function meetWishes(
  draft: Draft,
  claimants: readonly Claimant[],
): ReadonlyMap<Claimant, Given> {
  const met = new Map<Claimant, Given>()
  const turns = (['addresses', 'pool'] as const).flatMap((kind) =>
    claimants.filter(({ leaving, wish }) => !leaving && wish.kind === kind),
  )
  const isDue = turns.map(() => true)
  const waiting: Waiting = new Map()
  for (let at = 0; at < turns.length; at++) {
    const claimant = turns[at]
    if (claimant === undefined || isDue[at] === false) continue
    isDue[at] = false
    const answer = answerTo(draft, claimant)
    if (answer.kind === 'met') met.set(claimant, answer.reason)
    if ('why' in answer) wait(waiting, claimant, at)
    for (const address of 'next' in answer ? assign(draft, claimant, answer.next) : []) {
      for (const turn of woken(waiting, address, draft)) {
        isDue[turn] = true
        at = Math.min(at, turn - 1)
      }
    }
  }
  return met
}

/** Notes by address, or by pool, the turns of those whose wish was not met. */
type Waiting = Map<string, Set<number>>

function wait(waiting: Waiting, { wish }: Claimant, turn: number): void {
  const pool = wish.kind === 'pool' ? [poolKey(wish.pool)] : []
  for (const key of wish.kind === 'addresses' ? wish.addresses : pool) {
    waiting.set(key, (waiting.get(key) ?? new Set()).add(turn))
  }
}

/** Returns who waits for an address that became free, or for its pool; they wait no longer. */
function woken(waiting: Waiting, address: Address, { territories }: Draft): readonly number[] {
  const pool = territories.at(address)?.pool.name
  const keys = pool === undefined ? [address] : [address, poolKey(pool)]
  const turns = keys.flatMap((key) => [...(waiting.get(key) ?? [])])
  for (const key of keys) waiting.delete(key)
  return turns
}

function poolKey(pool: string): string {
  return `pool ${pool}`
}

/** Returns what the wish of a Service comes to as things stand. */
export function answerTo(draft: Draft, claimant: Claimant): Answer {
  const { wish } = claimant
  switch (wish.kind) {
    case 'any':
      return { kind: 'content' }
    case 'pool':
      return askPool(draft, claimant, wish.pool)
    case 'addresses':
      return askAddresses(draft, claimant, wish)
    case 'unreadable':
      return refused({ kind: 'wish-unreadable', text: wish.text, why: wish.why })
    default:
      return unreachable(wish)
  }
}
