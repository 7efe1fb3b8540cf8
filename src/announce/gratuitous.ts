import { familyOf } from '../model/address.ts'
import { present } from '../model/present.ts'
import type { Answering, Greeting, Spot } from './spot.ts'

/** When the neighbours are told of an address that was taken, in milliseconds since. */
const OFFSETS = [0, 100, 400, 1100, 2200, 3300]
/** Packets per second and interface for what is told again; so many may go at once. */
const RATE = 200

/**
 * How many packets may still go out on an interface, and when that was worked out. Fewer than none are left
 * where many addresses were told of for the first time.
 */
export type Budgets = ReadonlyMap<string, Budget>

interface Budget {
  readonly packets: number
  readonly at: number
}

/** A spot that the neighbours are to be told of. */
interface Greeter {
  readonly spot: Spot
  readonly phase: Answering
  readonly greeting: Greeting
}

/** Returns when the next telling is due. */
export function greetingDue({ told, since }: Greeting): number {
  return since + present(OFFSETS[told])
}

/** Returns what is left after one more telling; undefined if nothing is. */
export function greeted({ told, since }: Greeting): Greeting | undefined {
  return told + 1 < OFFSETS.length ? { told: told + 1, since } : undefined
}

/**
 * Returns which of the due spots may be told of now, those told of the fewest times first. What is told for the
 * first time does not wait: until then some send their packets to a node that may be dead.
 */
export function affordable(
  greeters: readonly Greeter[],
  budgets: Budgets,
  now: number,
): { readonly greeters: readonly Greeter[]; readonly budgets: Budgets } {
  const left = new Map([...budgets].map(([name, budget]) => [name, refilled(budget, now)]))
  const sorted = greeters.toSorted((a, b) => a.greeting.told - b.greeting.told)
  const chosen = sorted.filter(({ spot, greeting }) => {
    const { packets } = left.get(spot.interface) ?? { packets: RATE }
    const price = packetsOf(spot)
    if (greeting.told > 0 && packets < price) return false
    left.set(spot.interface, { packets: packets - price, at: now })
    return true
  })
  return { greeters: chosen, budgets: left }
}

function packetsOf({ address }: Spot): number {
  return familyOf(address) === 'ipv4' ? 2 : 1
}

function refilled({ packets, at }: Budget, now: number): Budget {
  return { packets: Math.min(RATE, packets + (RATE * (now - at)) / 1000), at: now }
}

/** How long to wait for packets when too many were due, in milliseconds: enough for a tenth. */
export const REFILL_MS = 100
