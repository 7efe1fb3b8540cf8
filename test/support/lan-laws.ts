import { spotKey } from '../../src/announce/spot.ts'
import type { Address } from '../../src/model/address.ts'
import {
  interfaceOf,
  LATEST,
  type LanModel,
  LONGEST_COMMIT,
  type ModelNode,
  orderOf,
  TIMES,
} from './lan-model.ts'

/** How long a handover may take while one of the two works and knows the other, if beats get lost meanwhile. */
const LONGEST_HANDOVER = TIMES.timeout + 2 * TIMES.interval + LATEST + 2 * LONGEST_COMMIT + 300

/** A node listens for so long before it believes that nobody answers. */
const LISTENS = 100

/**
 * For how long the one that believed in silence may answer as well, if the other's answers took so many milliseconds:
 * until it hears one of them, or the answer to its next look. Before, it may take the other one for live, and wait for
 * its beats.
 */
function longestMistake(slowest: number): number {
  return 2 * slowest + TIMES.timeout + LATEST + 100
}

/** Two nodes that answer for the same. */
interface Overlap {
  /** For how long, while one of them could end it. */
  active: number
  seen: number
  /** Their agents when it began. */
  readonly agents: readonly ModelNode['agent'][]
}

/**
 * Watches the first law: on no LAN two nodes answer for an address, but for a handover, and that ends.
 * Returns the violations so far.
 */
export function watchAnswers(lan: LanModel): readonly string[] {
  const violations: string[] = []
  const overlaps = new Map<string, Overlap>()
  lan.watch = () => {
    for (const address of lan.options.addresses) {
      for (let at = 0; at < lan.options.lans; at++) {
        watchOne(lan, at, address, overlaps, violations)
      }
    }
  }
  return violations
}

function watchOne(
  lan: LanModel,
  at: number,
  address: Address,
  overlaps: Map<string, Overlap>,
  violations: string[],
): void {
  const answerers = lan.answerers(at, address)
  const spot = { address, interface: interfaceOf(at) }
  const found = new Set<string>()
  answerers.forEach((a, i) => {
    for (const b of answerers.slice(i + 1)) {
      const key = `${at} ${address} ${a.name} ${b.name}`
      found.add(key)
      const isMistake = !isHandover(a, b, spotKey(spot))
      // One that was mistaken may have handed it on.
      const slowest = Math.max(...lan.nodes.map(({ kernel }) => kernel.slowest))
      if (isMistake && slowest <= LISTENS - 2) {
        violations.push(`${lan.now}: ${key} answer both`)
        continue
      }
      const overlap = overlaps.get(key) ?? { active: 0, seen: lan.now, agents: [a.agent, b.agent] }
      const mayEnd = isMistake
        ? canGiveWay(lastTaker(a, b, spotKey(spot)), spotKey(spot))
        : canEnd(a, b, overlap) || canEnd(b, a, overlap)
      if (mayEnd) overlap.active += lan.now - overlap.seen
      overlap.seen = lan.now
      overlaps.set(key, overlap)
      const longest = isMistake ? longestMistake(slowest) : LONGEST_HANDOVER
      if (overlap.active > longest) violations.push(`${lan.now}: ${key} do not end`)
    }
  })
  for (const key of overlaps.keys()) {
    if (key.startsWith(`${at} ${address} `) && !found.has(key)) overlaps.delete(key)
  }
}

function isHandover(a: ModelNode, b: ModelNode, spot: string): boolean {
  return a.kernel.takenFrom.get(spot) === b.name || b.kernel.takenFrom.get(spot) === a.name
}

/** Of two that took a spot because nobody answered, the later one was mistaken. */
function lastTaker(a: ModelNode, b: ModelNode, spot: string): ModelNode {
  const [first = 0, second = 0] = [a, b].map(({ kernel }) => kernel.takenBy.get(spot)?.at)
  return first > second ? a : b
}

/** The agent that took the spot from silence looks again whether that was so. */
function canGiveWay({ kernel, agent }: ModelNode, spot: string): boolean {
  return agent !== undefined && !agent.isStalled && kernel.takenBy.get(spot)?.agent === agent
}

/** An agent that began after the other one had died takes the other's MAC address for that of a stranger. */
function canEnd(node: ModelNode, other: ModelNode, { agents }: Overlap): boolean {
  const { agent } = node
  if (agent === undefined || agent.isStalled) return false
  return other.agent !== undefined || agents.includes(agent)
}

/** Returns who should answer for the address with this number when all is quiet. */
export function rightOwner(lan: LanModel, at: number): string | undefined {
  const works = new Set(
    lan.nodes.filter(({ agent }) => agent !== undefined).map(({ name }) => name),
  )
  return orderOf(lan, at).find((name) => works.has(name))
}

/** Returns what is wrong by the second law: each address with a candidate has exactly its owner. */
export function wrongOwners(lan: LanModel): readonly string[] {
  return lan.options.addresses.flatMap((address, at) =>
    Array.from({ length: lan.options.lans }, (_, number) => {
      const names = lan.answerers(number, address).map(({ name }) => name)
      const right = rightOwner(lan, at)
      const expected = right === undefined ? [] : [right]
      return names.join() === expected.join()
        ? []
        : [`${address} on LAN ${number}: ${names.join()} instead of ${expected.join()}`]
    }).flat(),
  )
}
