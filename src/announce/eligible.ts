import { byText } from '../model/compare-text.ts'
import { advertised } from './advertised.ts'
import type { Bid, Candidate, Eligibility, EligibleAddress } from './eligibility.ts'
import type { Permission } from './node-fitness.ts'
import type { AnnounceObjects } from './objects.ts'
import { apart, poolsMissing } from './problems.ts'
import { type OneOrMore, servicesOf } from './services.ts'
import { leftOutOf, whyNobody } from './why-not.ts'

/** What the operator decides, besides the objects. */
export interface EligibilitySettings extends Permission {
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
}

/**
 * Returns which Nodes may announce each LoadBalancer address, by MetalLB's rules, and why some
 * addresses are announced by nobody. It does not ask who is alive, or which interfaces a Node has.
 */
export function eligible(objects: AnnounceObjects, settings: EligibilitySettings): Eligibility {
  const { bids, silences } = servicesOf(objects, advertised(objects, settings), settings.classes)
  const problems = [...poolsMissing('L2Advertisement', objects)]
  const silent = [...silences]
  const addresses = [...bids].flatMap(([address, ofAddress]): EligibleAddress[] => {
    const common = commonTo(ofAddress)
    const isApart = common.size === 0 && ofAddress.length > 1
    const candidates = isApart ? unionOf(ofAddress) : common
    const eligible = { address, key: ofAddress[0].first, bids: ofAddress, candidates }
    if (candidates.size === 0) {
      const reason = whyNobody(address, leftOutOf(eligible))
      for (const { service } of ofAddress) silent.push({ service, addresses: [address], reason })
      return []
    }
    if (isApart) problems.push(apart(eligible))
    return [eligible]
  })
  return { addresses, silences: silent.toSorted(byText(({ service }) => service)), problems }
}

/** Returns the Nodes that may announce for one Service. */
function candidatesOf({ allowed, endpoints }: Bid): ReadonlyMap<string, Candidate> {
  if (endpoints === undefined) return allowed.candidates
  const candidates = new Map<string, Candidate>()
  for (const node of endpoints) {
    const candidate = allowed.candidates.get(node)
    if (candidate !== undefined) candidates.set(node, candidate)
  }
  return candidates
}

/** Returns the Nodes that may announce for all Services that have the address. */
function commonTo([bid, ...bids]: OneOrMore<Bid>): ReadonlyMap<string, Candidate> {
  const [first, others] = [candidatesOf(bid), bids.map(candidatesOf)]
  if (others.every((other) => other === first)) return first
  const common = new Map<string, Candidate>()
  for (const [node, candidate] of first) {
    const same = others.map((other) => other.get(node))
    if (same.every((each) => each !== undefined)) common.set(node, same.reduce(both, candidate))
  }
  return common
}

/** Returns the Nodes that may announce for one of the Services. */
function unionOf(bids: readonly Bid[]): ReadonlyMap<string, Candidate> {
  const union = new Map<string, Candidate>()
  for (const bid of bids) {
    for (const [node, candidate] of candidatesOf(bid)) {
      const known = union.get(node)
      union.set(node, known === undefined ? candidate : both(known, candidate))
    }
  }
  return union
}

/** Returns what a Node may do for two Services with one address. */
function both(a: Candidate, b: Candidate): Candidate {
  if (a === b) return a
  return {
    preference: Math.max(a.preference, b.preference),
    interfaces: a.interfaces && b.interfaces && new Set([...a.interfaces, ...b.interfaces]),
  }
}
