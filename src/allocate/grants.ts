import { familyOf } from '../model/address.ts'
import type { Grant, Granted } from './allocation.ts'
import { noRoom } from './automatic.ts'
import type { Draft } from './draft.ts'
import { byName } from './order.ts'
import type { Given, Reason, Refusal, StrandedReason } from './reason.ts'
import type { Second } from './second-families.ts'
import { answerTo } from './wishes.ts'
import type { Claimant } from './world.ts'

/** Why the steps of an allocation gave Services something. */
interface Outcomes {
  readonly wishes: ReadonlyMap<Claimant, Given>
  readonly given: ReadonlyMap<Claimant, Given>
  readonly families: ReadonlyMap<Claimant, Second>
}

/** Returns what each Service has in the end, in order of `namespace/name`. */
export function grantsOf(draft: Draft, outcomes: Outcomes): readonly Grant[] {
  return draft.world.claimants.toSorted(byName).map((claimant) => {
    const { namespace, name } = claimant
    const granted = ipv4First(draft.ledger.grantsOf(claimant))
    if (granted.length > 0) {
      const reason = unmetWish(draft, claimant) ?? reasonOf(claimant, granted, outcomes)
      return { namespace, name, addresses: granted, reason }
    }
    const why = whyNothing(draft, claimant)
    const foreign = leftAlone(draft, claimant)
    const reason: Reason = foreign.length > 0 ? { kind: 'left-alone', why } : why
    return { namespace, name, addresses: foreign, reason }
  })
}

/** Asks again, so that the reason is one of how things are in the end. */
function unmetWish(draft: Draft, claimant: Claimant): Reason | undefined {
  const answer = claimant.leaving ? undefined : answerTo(draft, claimant)
  return answer?.kind === 'refused' ? { kind: 'wish-unmet', why: answer.why } : undefined
}

function whyNothing(draft: Draft, claimant: Claimant): Refusal {
  if (claimant.leaving) return { kind: 'leaving' }
  const answer = answerTo(draft, claimant)
  return answer.kind === 'refused' ? answer.why : noRoom(draft, claimant)
}

/** What lasts is reported before what happened now. */
function reasonOf(
  claimant: Claimant,
  granted: readonly Granted[],
  { wishes, given, families }: Outcomes,
): Reason {
  const [stranded] = granted.flatMap(strandedReason)
  const second = families.get(claimant)
  if (stranded !== undefined) return stranded
  if (second?.kind === 'family-missing') return second
  return wishes.get(claimant) ?? given.get(claimant) ?? second ?? { kind: 'kept' }
}

/** Returns the reason why a Service has an address that no pool would give; empty if one would. */
export function strandedReason({ address, pool, stranded }: Granted): readonly StrandedReason[] {
  if (stranded === undefined || pool === undefined) return []
  return [{ kind: 'stranded', address, pool, why: stranded }]
}

/**
 * Returns the addresses of a status that another program wrote, as far as no pool has them: there
 * is nothing to give in their place, and they are not in anybody's way.
 */
function leftAlone({ territories, ledger }: Draft, { held }: Claimant): readonly Granted[] {
  return ipv4First(
    held
      .filter(
        ({ address, pool }) =>
          pool === undefined &&
          territories.at(address) === undefined &&
          ledger.holdersOf(address).length === 0,
      )
      .map(({ address }) => ({ address, pool: undefined })),
  )
}

function ipv4First(granted: readonly Granted[]): readonly Granted[] {
  return granted.toSorted((a, b) => rankOf(a) - rankOf(b))
}

function rankOf({ address }: Granted): number {
  return familyOf(address) === 'ipv4' ? 0 : 1
}
