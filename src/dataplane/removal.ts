import { kernelReason } from './outcome.ts'

/** The outcome of removing what nodelb left in the kernel. `removed` has a phrase for each part. */
export type Removal =
  | { readonly kind: 'removed'; readonly removed: readonly string[] }
  /** The rest can be tried again. */
  | { readonly kind: 'remains'; readonly removed: readonly string[]; readonly reason: string }
  /** A backend started meanwhile, or the caller gave up: what is left may be in use. */
  | { readonly kind: 'overtaken'; readonly removed: readonly string[] }

/** The outcome for one part; the caller, who gave the signal, knows whether it was overtaken. */
export interface PartRemoval {
  readonly removed: readonly string[]
  /** Why some of the part is still there. */
  readonly remains?: string
}

export const NOTHING_REMOVED: PartRemoval = { removed: [] }

/** Removes a part; any exception becomes the reason why the part remains. */
export async function removePart(remove: () => Promise<PartRemoval>): Promise<PartRemoval> {
  try {
    return await remove()
  } catch (error) {
    return { removed: [], remains: kernelReason(error) }
  }
}
