import { type AllocationObjects, decide } from '../../allocate/decide.ts'
import type { Held } from '../../allocate/world.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { serviceName } from '../../model/service-name.ts'

/**
 * Returns the new objects as the cluster would have them after the old ones: a Service whose new
 * object has no status holds what it got by the old objects, so that only what really moves differs.
 */
export function carriedOver(
  old: AllocationObjects,
  now: AllocationObjects,
  settings: AllocationSettings,
): AllocationObjects {
  const held = new Map<string, readonly Held[]>()
  for (const grant of decide(old, settings).grants) {
    held.set(
      serviceName(grant),
      grant.addresses.map(({ address, pool }) => ({ address, pool })),
    )
  }
  const services = now.services.map((facts) => {
    if (facts.kind !== 'claimant' || facts.claimant.held.length > 0) return facts
    const { claimant } = facts
    const before = held.get(serviceName(claimant))
    return before === undefined ? facts : { ...facts, claimant: { ...claimant, held: before } }
  })
  return { ...now, services }
}
