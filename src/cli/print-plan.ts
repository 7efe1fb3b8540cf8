import pc from 'picocolors'
import type { Proposed } from '../dataplane/dataplane.ts'
import { ownerIn } from '../frontend/label-text.ts'
import type { NameOf } from '../frontend/labels.ts'
import type { Group, Sign } from '../plan/explain.ts'

/** Returns a heading with the lines of its operations. */
export function printGroup({ title, operations }: Group, colour: boolean): string {
  const paint = pc.createColors(colour)
  const lines = operations.map(({ sign, text }) => paint[COLOURS[sign]](`  ${sign} ${text}`))
  return `${paint.bold(title)}\n${lines.join('\n')}\n`
}

/**
 * Returns the plan as JSON; `owner` is null for operations that no single Service owns. `more` is what
 * is said of announcing, by field; JSON leaves out what is undefined.
 */
export function planAsJson(
  proposed: Proposed,
  nameOf: NameOf,
  more: Readonly<Record<string, unknown>>,
): string {
  const operations = Array.from(proposed.operations, ({ kind, family, owner, sign, text }) => ({
    kind,
    family: family ?? null,
    service: owner === undefined ? null : nameOf(ownerIn(owner)),
    owner: owner ?? null,
    change: `${sign} ${text}`,
  }))
  return `${JSON.stringify({ operations, ...more }, null, 2)}\n`
}

export const COLOURS: Readonly<Record<Sign, 'green' | 'red' | 'yellow'>> = {
  '+': 'green',
  '-': 'red',
  '~': 'yellow',
}

/** Returns a number with its noun, such as `1 operation` or `2 operations`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
