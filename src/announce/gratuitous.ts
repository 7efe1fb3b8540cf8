import { familyOf } from '../model/address.ts'
import type { Answering, Spot } from './spot.ts'

/** When everybody is told of an address that was taken, in milliseconds since. */
const OFFSETS = [0, 100, 400, 1100, 2200, 3300]
/** Packets per second and interface; so many may go at once. */
const RATE = 200

/** How many packets may still go out on an interface, and when that was worked out. */
export type Budgets = ReadonlyMap<string, Budget>

interface Budget {
  readonly packets: number
  readonly at: number
}

/** A spot that is to be told of. */
interface Greeter {
  readonly spot: Spot
  readonly phase: Answering
}

/** Returns when the next telling is due; undefined if all is told. */
export function greetingDue({ greeting }: Answering): number | undefined {
  return greeting === undefined ? undefined : greeting.since + (OFFSETS[greeting.told] ?? 0)
}

/** Returns the phase after one more telling. */
export function greeted(phase: Answering): Answering {
  const { told, since } = phase.greeting ?? { told: OFFSETS.length, since: 0 }
  const greeting = told + 1 < OFFSETS.length ? { told: told + 1, since } : undefined
  return { ...phase, greeting }
}

/** Returns which of those that are due may be told of now, those told of the least first. */
export function affordable(
  greeters: readonly Greeter[],
  budgets: Budgets,
  now: number,
): { readonly greeters: readonly Greeter[]; readonly budgets: Budgets } {
  const left = new Map([...budgets].map(([name, budget]) => [name, refilled(budget, now)]))
  const sorted = greeters.toSorted((a, b) => toldOf(a) - toldOf(b))
  const chosen = sorted.filter(({ spot }) => {
    const { packets } = left.get(spot.interface) ?? { packets: RATE }
    const price = packetsOf(spot)
    if (packets < price) return false
    left.set(spot.interface, { packets: packets - price, at: now })
    return true
  })
  return { greeters: chosen, budgets: left }
}

function toldOf({ phase }: Greeter): number {
  return phase.greeting?.told ?? 0
}

function packetsOf({ address }: Spot): number {
  return familyOf(address) === 'ipv4' ? 2 : 1
}

function refilled({ packets, at }: Budget, now: number): Budget {
  return { packets: Math.min(RATE, packets + (RATE * (now - at)) / 1000), at: now }
}

/** How long to wait for packets when too many were due, in milliseconds: enough for a tenth. */
export const REFILL_MS = 100
