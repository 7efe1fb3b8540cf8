import { cleanIptables, type IptablesCleanup } from '../../apply/iptables/cleanup.ts'
import type { Obstacle } from '../../apply/iptables/failure.ts'
import { legacyHoldsOurs } from '../../apply/iptables/legacy-tables.ts'
import { type Flavour, findPrograms } from '../../apply/iptables/programs.ts'
import { NOTHING_REMOVED, type PartRemoval } from '../removal.ts'
import { refusedRule } from './compare.ts'

/**
 * Removes nodelb's chains of one flavour, unless the signal is aborted first; where its programs
 * are missing, nodelb has left none.
 */
export async function removeChains(flavour: Flavour, signal?: AbortSignal): Promise<PartRemoval> {
  const programs = await findPrograms(flavour)
  if (programs.families.ip.kind === 'missing') return NOTHING_REMOVED
  const cleaned = await cleanIptables(programs, signal === undefined ? {} : { signal })
  if (cleaned.kind === 'unreadable' && isOfOthers(cleaned.obstacle, flavour)) return NOTHING_REMOVED
  const remains = leftBecause(cleaned)
  if (cleaned.kind !== 'tried') return { removed: [], ...(remains && { remains }) }
  const count = cleaned.done.reduce((sum, { gone }) => sum + gone.length, 0)
  const chains = `${count} chain${count === 1 ? '' : 's'} of iptables (${flavour})`
  return { removed: count === 0 ? [] : [chains], ...(remains && { remains }) }
}

/**
 * Returns whether unreadable tables hold nothing of nodelb's. Its programs never write what only
 * nft can read; where the legacy ones may not read, nodelb itself looks for its chains.
 */
function isOfOthers({ kind }: Obstacle, flavour: Flavour): boolean {
  if (kind === 'unsupported') return true
  if (kind !== 'not-permitted' || flavour !== 'legacy') return false
  return !legacyHoldsOurs('ip') && !legacyHoldsOurs('ip6')
}

function leftBecause(cleaned: IptablesCleanup): string | undefined {
  if (cleaned.kind === 'nothing') return undefined
  if (cleaned.kind === 'unreadable') return cleaned.obstacle.reason
  const { outcome } = cleaned
  if (outcome.kind === 'committed') return undefined
  if (outcome.kind === 'unable') return outcome.obstacle.reason
  return outcome.failures.map(refusedRule).join('; ')
}
