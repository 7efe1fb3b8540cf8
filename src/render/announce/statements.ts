import type { Checksum, Field, Rule, Statement } from '../../ruleset/netdev/types.ts'

/** The MAC addresses of a frame. */
export const LINK: { readonly destination: Field; readonly source: Field } = {
  destination: link(0),
  source: link(6),
}

/** A question from an announced address is a gratuitous packet of another node, and not answered. */
export function asked(set: string, sender: Field, target: Field): Rule {
  return [
    { kind: 'in-set', field: sender, set, negated: true },
    { kind: 'switched-on' },
    { kind: 'in-set', field: target, set },
    { kind: 'count' },
  ]
}

export function copy(from: Field, to: Field, checksum: Checksum = 'none'): Statement {
  return { kind: 'copy', from, to, checksum }
}

export function write(bytes: string, to: Field, checksum: Checksum = 'none'): Statement {
  return { kind: 'write', bytes, to, checksum }
}

function link(offset: number): Field {
  return { header: 'link', offset, length: 6 }
}

export function network(offset: number, length: number): Field {
  return { header: 'network', offset, length }
}

export function transport(offset: number, length: number): Field {
  return { header: 'transport', offset, length }
}

export function hex(mac: string): string {
  return mac.replaceAll(':', '')
}
