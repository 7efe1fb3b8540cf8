import type { Failure } from '../../apply/nftables/commit.ts'
import { elementSteps, stepsByService } from '../../exempt/element-diff.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import { labelsIn } from '../../exempt/labels-in.ts'
import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import { textOf } from '../../plan/nftables/explain.ts'
import type { OwnerOf } from '../../plan/nftables/owners.ts'
import type { ElementStep, KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'

/** What the kernel held and what was planned when it refused. */
interface Compared {
  readonly kernel: KernelRuleset
  readonly desired: Ruleset
  readonly ownerOf: OwnerOf
}

/** Exempts the Services whose operations failed; returns those that were not exempt before. */
export function exemptRefused(
  renderer: ElementRenderer,
  { kernel, desired, ownerOf }: Compared,
  failures: readonly Failure[],
): readonly Refusal[] {
  const refusals = blame(failures, ownerOf)
  const known = renderer.refusals()
  const fresh = refusals.filter(({ service }) => !known.has(service))
  const names = new Set(fresh.map(({ service }) => service))
  const left = stepsByService(elementSteps(kernel, desired), names, ownerOf)
  for (const refusal of fresh) {
    renderer.refuse(refusal, { elements: left.get(refusal.service) ?? [] })
  }
  return fresh
}

/** Does the same for changes that a session follows; returns all refusals. */
export function exemptChanges(
  renderer: ElementRenderer,
  changes: readonly ElementStep[],
  failures: readonly Failure[],
): readonly Refusal[] {
  const ownerOf = labelsIn(changes, renderer)
  const refusals = blame(failures, ownerOf)
  const left = stepsByService(changes, new Set(refusals.map(({ service }) => service)), ownerOf)
  for (const refusal of refusals) {
    renderer.refuse(refusal, { elements: left.get(refusal.service) ?? [] })
  }
  return refusals
}

/** Returns a line such as `EINVAL to element ip nodelb services { … }`. */
function refusedOperation({ operation, errno }: Failure): string {
  return `${errno} to ${textOf(operation)}`
}

/** Returns such a line for each failure. */
export function refusedOperations(failures: readonly Failure[]): readonly string[] {
  return failures.map(refusedOperation)
}

/** Returns the first refusal of each Service; operations that belong to none are left out. */
export function blame(failures: readonly Failure[], ownerOf: OwnerOf): readonly Refusal[] {
  const byService = new Map<Owner, Refusal>()
  for (const failure of failures) {
    const owner = ownerOf(failure.operation)
    if (owner === undefined) continue
    const service = ownerIn(owner)
    if (!byService.has(service))
      byService.set(service, { service, reason: refusedOperation(failure) })
  }
  return [...byService.values()]
}
