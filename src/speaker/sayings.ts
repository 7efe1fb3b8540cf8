import type { Beat, BeatLink } from '../announce/beat.ts'
import type { Member } from '../announce/member.ts'
import type { Members } from '../announce/members.ts'

/** What a beat says, besides the claims. */
export interface Saying {
  readonly state: Exclude<Member['state'], 'dead'>
  readonly links: readonly BeatLink[]
}

/** What differs from one receiver of a beat to another. */
export type Content = Pick<Beat, 'digest'> & Partial<Omitted>
type Omitted = Pick<Beat, 'offer' | 'takes' | 'part'>

export const NO_CONTENT: Omitted = { offer: undefined, takes: undefined, part: undefined }

/** What is ready to be told to members that hand over. */
export interface Claiming {
  /** Sends the beats. */
  readonly send: () => void
  /** Whether each member that offered something is told that this node has all of that. */
  readonly isWhole: boolean
}

/** What is known of a peer that was never heard. */
export function unheard(node: string): Pick<Member, 'node' | 'claims'> {
  return { node, claims: new Set() }
}

/** Returns what a turn looks at of what a member says. */
export function says(known: ReturnType<Members['known']['get']>): string {
  if (known === undefined) return ''
  const { state, settled, wantsList, digest, links } = known.beat
  return JSON.stringify([state, settled, wantsList, digest, known.digest, links])
}
