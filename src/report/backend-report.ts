import type { BackendChoice } from '../dataplane/backend-choice.ts'
import type { Session } from '../dataplane/session.ts'
import type { Settings } from '../model/node.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import type { Occurrence } from './events/occurrence.ts'

/**
 * Returns the occurrence for the chosen backend, with the reason; `flavour` is the flavour of
 * iptables, with its reason.
 */
export function backendChosen(
  { backend: { kind: backend }, scope }: Settings,
  choice: BackendChoice | undefined,
  flavour: string | undefined,
): Occurrence {
  const reasons = [choice?.reason ?? 'the configuration says so', flavour]
  const reason = reasons.filter((each) => each !== undefined).join('; ')
  return { event: 'backend-chosen', backend, scope, reason }
}

/**
 * Returns the occurrence that says whether the kernel keeps other processes from changing the
 * tables, or why it does not.
 */
export function ownershipOf(
  { ownership, holds }: Pick<Session, 'ownership' | 'holds'>,
  configured: Ownership,
): Occurrence {
  if (ownership === 'kernel') return { event: 'table-owned' }
  if (!holds.tables) return notOwned('chains of iptables have no owner')
  return notOwned(
    configured === 'none'
      ? 'the configuration says ownership: none'
      : 'the kernel has no tables that are owned and stay (it needs 6.9)',
  )
}

function notOwned(reason: string): Occurrence {
  return { event: 'table-not-owned', reason }
}
