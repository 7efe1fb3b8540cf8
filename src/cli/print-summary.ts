import type { Refusal } from '../exempt/exemption.ts'
import type { NameOf } from '../frontend/labels.ts'
import type { Sources } from './arguments.ts'
import { count } from './print-plan.ts'

/** What was programmed. */
interface Programmed {
  readonly operations: number
  readonly services: number
  readonly bytes: number
  readonly refusals: readonly Refusal[]
}

interface More {
  readonly ms: number
  readonly nameOf: NameOf
  /** How many operations FRR was told; undefined where it was told nothing. */
  readonly frr: number | undefined
}

/** Returns what `apply` did, as one line. */
export function summaryOf(
  { operations, services, bytes, refusals }: Programmed,
  { ms, nameOf, frr }: More,
  { format }: Pick<Sources, 'format'>,
): string {
  const rejected = refusals.map(({ service }) => nameOf(service))
  if (format === 'json') {
    return `${JSON.stringify({ operations, services, bytes, rejected, frr, ms })}\n`
  }
  const parts = [
    count(operations, 'operation'),
    count(services, 'service'),
    ...(frr === undefined ? [] : [`${count(frr, 'operation')} in FRR`]),
    `${ms} ms`,
  ]
  return `applied: ${parts.join(', ')}\n`
}
