import type { ElementStep } from '../../plan/nftables/delta.ts'

/** Returns a text that identifies an element among all of the tables and of ipvs. */
export function idOf({ family, set, key }: Pick<ElementStep, 'family' | 'set' | 'key'>): string {
  return `${family} ${set} ${key}`
}
