import { byText } from '../../model/compare-text.ts'
import type { AnnounceProblem } from '../eligibility.ts'
import { type Community, type CommunityNames, parseCommunity } from './community.ts'

/** What the names in all Community objects stand for. */
export interface KnownCommunities {
  /** Returns the community that a text means; undefined if it is neither name nor value. */
  readonly meaningOf: (text: string) => Community | undefined
  readonly problems: readonly AnnounceProblem[]
}

/** A name wins over a value; of two objects with one name the first by `namespace/name` has it. */
export function knownCommunities(objects: readonly CommunityNames[]): KnownCommunities {
  const known = new Map<string, { readonly object: string; readonly value: Community }>()
  const problems: AnnounceProblem[] = []
  for (const { object, names } of objects.toSorted(byText(({ object }) => object))) {
    for (const [name, value] of names) {
      const other = known.get(name)
      if (other === undefined) known.set(name, { object, value })
      else if (other.value.text !== value.text) {
        problems.push({
          object: `Community/${object}`,
          message: `spec.communities: found the name ${name} with another value than in Community ${other.object}, expected each name once; the value ${other.value.text} of that one counts`,
        })
      }
    }
  }
  return { meaningOf: (text) => known.get(text)?.value ?? parseCommunity(text), problems }
}
