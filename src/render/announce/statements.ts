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

/** Returns a statement that copies a field of the packet into another one. */
export function copy(from: Field, to: Field, checksum: Checksum = 'none'): Statement {
  return { kind: 'copy', from, to, checksum }
}

/** Returns a statement that writes bytes, as hexadecimal digits, into a field. */
export function write(bytes: string, to: Field, checksum: Checksum = 'none'): Statement {
  return { kind: 'write', bytes, to, checksum }
}

function link(offset: number): Field {
  return { header: 'link', offset, length: 6 }
}

/** Returns a field of the network header; offset and length in bytes. */
export function network(offset: number, length: number): Field {
  return { header: 'network', offset, length }
}

/** Returns a field of the transport header; offset and length in bytes. */
export function transport(offset: number, length: number): Field {
  return { header: 'transport', offset, length }
}

/** Returns a MAC address as hexadecimal digits without colons. */
export function hex(mac: string): string {
  return mac.replaceAll(':', '')
}
