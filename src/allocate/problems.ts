import { present } from '../model/present.ts'
import { serviceName } from '../model/service-name.ts'
import type { AllocationProblem, Grant, PoolUsage } from './allocation.ts'
import type { Draft } from './draft.ts'
import { strandedReason } from './grants.ts'
import type { Ousted } from './holders.ts'
import { poolProblems } from './pool-problems.ts'
import { obstacleClause, reservationClause } from './print-address-refusal.ts'
import { printReason } from './print-reason.ts'

/** What problems are found in: an allocation, and who lost an address on the way. */
interface Findings {
  readonly draft: Draft
  readonly ousted: readonly Ousted[]
  readonly grants: readonly Grant[]
  readonly usage: readonly PoolUsage[]
}

/** Returns what a person should settle, pools first. */
export function problemsOf({
  draft,
  ousted,
  grants,
  usage,
}: Findings): readonly AllocationProblem[] {
  return [
    ...poolProblems(draft, usage),
    ...grants.flatMap((grant) => [...keptProblems(grant), ...reservedProblems(grant, draft)]),
    ...ousted.map(({ claimant, address, obstacle }) => ({
      object: objectOf(claimant),
      message: `${address} is taken out of its status: Service ${obstacle.holder} has it, too, and ${obstacleClause(obstacle)}`,
    })),
    ...mixedProblems(draft),
  ]
}

function objectOf({ namespace, name }: Pick<Grant, 'namespace' | 'name'>): string {
  return `Service/${namespace}/${name}`
}

/** Tells of what a Service keeps although it should not, or would rather not. */
function keptProblems(grant: Grant): readonly AllocationProblem[] {
  const unmet = grant.reason.kind === 'wish-unmet' ? [grant.reason] : []
  return [...unmet, ...grant.addresses.flatMap(strandedReason)].map((reason) => ({
    object: objectOf(grant),
    message: printReason(reason),
  }))
}

function reservedProblems(grant: Grant, { world }: Draft): readonly AllocationProblem[] {
  return grant.addresses.flatMap(({ address, pool }) => {
    const reservation = pool === undefined ? undefined : world.reserved.get(address)
    if (reservation === undefined) return []
    const message = `The Service keeps ${address}, which is ${reservationClause(reservation)}; give it another address with nodelb.io/renew`
    return [{ object: objectOf(grant), message }]
  })
}

/** Tells of Services that share an address and lead to different pods. */
function mixedProblems({ ledger }: Draft): readonly AllocationProblem[] {
  return [...ledger.addresses()].flatMap((address) => {
    const [first, ...others] = ledger.holdersOf(address)
    const oldest = present(first)
    return others
      .filter(({ sharing }) => sharing.backend !== oldest.sharing.backend)
      .map((claimant) => ({
        object: objectOf(claimant),
        message: `The Service shares ${address} with Service ${serviceName(oldest)}, which has different pods: Local traffic may be led to a Node that has none of its own; give both externalTrafficPolicy Cluster, or Local and the same selector`,
      }))
  })
}
