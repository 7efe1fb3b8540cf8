import * as z from 'zod'
import { fields } from '../decode/fields.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'

const COUNT_RANGE = 'a number from 1 to 16777216'

/** Reads a limit: a number from 1 to 2^24. */
export const count: z.ZodInt = z
  .int({ error: COUNT_RANGE })
  .min(1, { error: COUNT_RANGE })
  .max(16_777_216, { error: COUNT_RANGE })

type Read = { readonly [Name in keyof Limits]?: number | null | undefined } | null | undefined

export const limitsSchema: z.ZodType<Read> = fields({
  claimsPerService: count.nullish(),
  entriesPerService: count.nullish(),
  entriesPerNamespace: count.nullish(),
}).nullish()

/** Returns the limits, with defaults for those that are missing. */
export function limitsOf(read: Read): Limits {
  return {
    claimsPerService: read?.claimsPerService ?? defaultLimits.claimsPerService,
    entriesPerService: read?.entriesPerService ?? defaultLimits.entriesPerService,
    entriesPerNamespace: read?.entriesPerNamespace ?? defaultLimits.entriesPerNamespace,
  }
}
