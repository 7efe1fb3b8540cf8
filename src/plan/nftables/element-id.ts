import type { ElementStep } from '../../ruleset/nftables/types.ts'

/** Returns a text that identifies an element among all of the tables. */
export function elementId({
  family,
  set,
  key,
}: Pick<ElementStep, 'family' | 'set' | 'key'>): string {
  return `${family} ${set} ${key}`
}
