import type { Field, Rule } from '../../ruleset/netdev/types.ts'
import { network } from './statements.ts'

// What rules know a question by, whatever it asks for.

export interface Question {
  readonly conditions: Rule
  /** The address that is asked for. */
  readonly target: Field
}

/** RFC 826: Ethernet, IPv4, lengths 6 and 4, request. */
const ARP_REQUEST = '0001080006040001'

export const ARP_QUESTION: Question = {
  conditions: [
    { kind: 'protocol', number: 0x0806 },
    { kind: 'not-for-others' },
    { kind: 'match', field: network(0, 8), bytes: ARP_REQUEST },
  ],
  target: network(24, 4),
}

/** ICMPv6 with hop limit 255, which only a neighbour can send. */
const ICMPV6_ON_LINK = '3aff'
const SOLICITATION = '8700'

/** RFC 8200 and RFC 4861; ICMPv6 follows the header of IPv6 at once. */
export const NDP_QUESTION: Question = {
  conditions: [
    { kind: 'protocol', number: 0x86dd },
    { kind: 'not-for-others' },
    { kind: 'match', field: network(6, 2), bytes: ICMPV6_ON_LINK },
    { kind: 'match', field: network(40, 2), bytes: SOLICITATION },
  ],
  target: network(48, 16),
}
