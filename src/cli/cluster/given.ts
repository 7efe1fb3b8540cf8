import type { Grant } from '../../allocate/allocation.ts'
import { type AllocationObjects, decide, type ServiceFacts } from '../../allocate/decide.ts'
import { printReason } from '../../allocate/print-reason.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import type { Matter } from '../../view/look-at.ts'

/**
 * Returns who has which address, and who waits and why: in the words of the controller, and else as
 * an allocation would say it. What is in use follows from the statuses alone.
 */
export function givenBy(
  objects: AllocationObjects,
  settings: AllocationSettings,
  reasons: ReadonlyMap<ServiceName, string>,
): Pick<ClusterInput, 'usage' | 'given' | 'waiting'> {
  const held = decide(
    { ...objects, services: objects.services.filter((each) => !waits(each)) },
    settings,
  )
  const grants = new Map(decide(objects, settings).grants.map((each) => [serviceName(each), each]))
  return {
    usage: held.usage,
    given: held.grants.flatMap((grant) =>
      grant.addresses.flatMap(({ address, pool }) =>
        pool === undefined ? [] : [{ pool, address, service: serviceName(grant) }],
      ),
    ),
    waiting: objects.services.filter(waits).flatMap((facts): readonly Matter[] => {
      if (facts.kind !== 'claimant') return []
      const about = serviceName(facts.claimant)
      return [{ about, text: reasons.get(about) ?? wouldGet(grants.get(about)) }]
    }),
  }
}

function waits(facts: ServiceFacts): boolean {
  return facts.kind === 'claimant' && facts.claimant.held.length === 0
}

function wouldGet(grant: Grant | undefined): string {
  if (grant === undefined) return 'no controller has seen it'
  if (grant.addresses.length === 0) return printReason(grant.reason)
  const addresses = grant.addresses.map(({ address }) => address).join(' ')
  return `a controller would give it ${addresses}, and none has done so yet`
}
