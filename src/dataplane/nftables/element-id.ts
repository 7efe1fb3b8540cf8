import type { ElementStep } from '../../plan/nftables/delta.ts'

/** Returns a text that no other element of the tables, or of ipvs, has. */
export function idOf({ family, set, key }: Pick<ElementStep, 'family' | 'set' | 'key'>): string {
  return `${family} ${set} ${key}`
}
