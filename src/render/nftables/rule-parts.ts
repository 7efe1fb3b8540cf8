import type { Front } from '../../ruleset/nftables/sets.ts'
import type { Chain, Field, Rule, Statement } from '../../ruleset/nftables/types.ts'

/** The parts that rules are made of. */

export const saddr: Field = { kind: 'saddr' }
export const daddr: Field = { kind: 'daddr' }
const l4proto: Field = { kind: 'l4proto' }
export const dport: Field = { kind: 'dport' }

export const hasPorts: Statement = { kind: 'has-ports' }

/** Returns the fields that name the VIP (or node port) that a packet is for. */
export function frontKey(front: Front): readonly Field[] {
  return front === 'vip' ? [daddr, l4proto, dport] : [l4proto, dport]
}

/** Returns the fields that name the VIP (or node port) that a packet was for before translation. */
export function originalKey(front: Front): readonly Field[] {
  const port: Field = { kind: 'original-dport' }
  return front === 'vip' ? [{ kind: 'original-daddr' }, l4proto, port] : [l4proto, port]
}

/** Returns a statement that matches packets whose fields are in a set. */
export function inSet(key: readonly Field[], set: string): Statement & { readonly kind: 'in-set' } {
  return { kind: 'in-set', key, set }
}

/** Returns a rule of these statements. */
export function rule(...statements: Statement[]): Rule {
  return { statements }
}

/** Returns a chain without a hook. */
export function chain(name: string, rules: readonly Rule[]): Chain {
  return { name, rules }
}
