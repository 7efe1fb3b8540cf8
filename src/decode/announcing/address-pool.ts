import type { LabelledPool } from '../../announce/objects.ts'
import { decodeAddressPool } from '../allocation/address-pool.ts'
import { nameOf, valueAt } from '../fields.ts'
import { readTexts } from '../labels.ts'
import { type Problem, report as startReport } from '../problem.ts'

type DecodedPool =
  | { readonly kind: 'pool'; readonly pool: LabelledPool; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/**
 * Reads an IPAddressPool with its labels, by which advertisements select it. It is `invalid` if no
 * range can be read.
 */
export function decodeLabelledPool(json: unknown, source: string): DecodedPool {
  const decoded = decodeAddressPool(json, source)
  if (decoded.kind === 'invalid') return decoded
  const report = startReport(source, 'IPAddressPool', nameOf(json, true))
  const labels = readTexts(valueAt(json, ['metadata', 'labels']), 'metadata.labels', report)
  const { origin: _, ...pool } = decoded.pool
  return {
    kind: 'pool',
    pool: { ...pool, audience: undefined, labels },
    problems: [...decoded.problems, ...report.problems],
  }
}
