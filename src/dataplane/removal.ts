import { kernelReason } from './outcome.ts'

/** What became of removing what nodelb left in the kernel. `removed` has a phrase for each part. */
export type Removal =
  | { readonly kind: 'removed'; readonly removed: readonly string[] }
  /** The rest can be tried again. */
  | { readonly kind: 'remains'; readonly removed: readonly string[]; readonly reason: string }
  /** A backend was started meanwhile, or the caller gave up: what is left may be in use. */
  | { readonly kind: 'overtaken'; readonly removed: readonly string[] }

/** Of one part; whether it was overtaken is known to whoever gave the signal. */
export interface PartRemoval {
  readonly removed: readonly string[]
  /** Why some of it is still there. */
  readonly remains?: string
}

export const NOTHING_REMOVED: PartRemoval = { removed: [] }

/** A kernel that cannot be spoken to leaves the part where it is; so does an error nobody foresaw. */
export async function removePart(remove: () => Promise<PartRemoval>): Promise<PartRemoval> {
  try {
    return await remove()
  } catch (error) {
    return { removed: [], remains: kernelReason(error) }
  }
}
