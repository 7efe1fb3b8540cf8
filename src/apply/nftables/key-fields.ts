import type { TableFamily } from '../../model/family.ts'
import type { Field } from '../../ruleset/nftables/types.ts'
import { type ExpressionWriter, META_KEY } from './expressions.ts'

/** Words (4 bytes) of the register file. */
const WORDS = 16
/** Words of an address. */
const ADDRESS: Readonly<Record<TableFamily, number>> = { ip: 1, ip6: 4 }

/**
 * Loads the fields one after another, each at a word boundary. Throws if they do not fit the
 * registers.
 */
export function loadFields(to: ExpressionWriter, fields: readonly Field[]): void {
  const words = fields.reduce((sum, field) => sum + fieldWords(to.family, field), 0)
  if (words > WORDS) throw new Error(`a key of ${words} words does not fit the registers`)
  let word = 0
  for (const field of fields) {
    load(to, field, word, words)
    word += fieldWords(to.family, field)
  }
}

function load(to: ExpressionWriter, field: Field, word: number, words: number): void {
  switch (field.kind) {
    case 'saddr':
    case 'daddr':
      to.address(field.kind, word)
      return
    case 'l4proto':
      to.meta(META_KEY.l4proto, word)
      return
    case 'dport':
      to.dport(word)
      return
    case 'original-daddr':
      to.original('daddr', word)
      return
    case 'original-dport':
      to.original('dport', word)
      return
    case 'random':
      to.random(field.modulus, word)
      return
    case 'client-hash':
      to.clientHash(field.modulus, word, words)
  }
}

function fieldWords(family: TableFamily, field: Field): number {
  return field.kind.endsWith('addr') ? ADDRESS[family] : 1
}
