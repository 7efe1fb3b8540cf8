import { type OwnerOf, ownersBy } from '../plan/nftables/owners.ts'
import type { Renderer } from '../render/renderer.ts'
import type { ElementStep } from '../ruleset/nftables/types.ts'

/** Returns the labels of changes, from before or after, or else those of what is rendered. */
export function labelsIn(
  changes: readonly ElementStep[],
  renderer: Pick<Renderer, 'label'>,
): OwnerOf {
  const labels = new Map<string, string>()
  for (const { family, key, before, after } of changes) {
    const comment = after?.comment ?? before?.comment
    if (comment !== undefined) labels.set(`${family} ${key}`, comment)
  }
  return ownersBy(
    (family, front) => labels.get(`${family} ${front}`) ?? renderer.label(family, front),
  )
}
