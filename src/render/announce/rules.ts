import type { Station } from '../../announce/station.ts'
import { addressSet, type Rule } from '../../ruleset/netdev/types.ts'
import { ARP_QUESTION, NDP_QUESTION } from './questions.ts'
import { asked, copy, hex, LINK, network, transport, write } from './statements.ts'

/**
 * The rules that turn a question into its answer and send it back (ADR 0027). The look-up of the
 * asked address comes last of the conditions, so that the counter of the address counts answers.
 */

/** Returns the five rules of an interface: ARP, and four forms of neighbour solicitations. */
export function answeringRules(station: Station): readonly Rule[] {
  return [
    arpRule(station),
    ...(['addressed', 'probe'] as const).flatMap((asker) =>
      [true, false].map((hasOption) => ndpRule(station, { asker, hasOption })),
    ),
  ]
}

/** RFC 826. */
const ARP_REPLY = '0002'
const ARP_FIELD = {
  operation: network(6, 2),
  senderMac: network(8, 6),
  sender: network(14, 4),
  targetMac: network(18, 6),
  target: ARP_QUESTION.target,
}

/** RFC 8200 and RFC 4861. */
const NDP_FIELD = {
  length: network(4, 2),
  source: network(8, 16),
  destination: network(24, 16),
  target: NDP_QUESTION.target,
  newTypeAndCode: transport(0, 2),
  flags: transport(4, 4),
  option: transport(24, 8),
}
const ADVERTISEMENT = '8800'
const UNSPECIFIED = '00'.repeat(16)
const ALL_NODES = `ff02${'00'.repeat(13)}01`
const ALL_NODES_MAC = '333300000001'
/** RFC 4861, 4.4: solicited and override, or override alone. */
const SOLICITED_OVERRIDE = '60000000'
const OVERRIDE = '20000000'
/** RFC 4861, 4.6.1: the target's link-layer address, in units of 8 bytes. */
const TARGET_MAC_OPTION = '0201'

function arpRule({ name, index, mac }: Station): Rule {
  const set = addressSet('ipv4', name)
  const own = hex(mac)
  return [
    ...ARP_QUESTION.conditions,
    ...asked(set, ARP_FIELD.sender, ARP_FIELD.target),
    copy(ARP_FIELD.senderMac, LINK.destination),
    copy(ARP_FIELD.senderMac, ARP_FIELD.targetMac),
    { kind: 'swap', one: ARP_FIELD.sender, other: ARP_FIELD.target },
    write(own, LINK.source),
    write(own, ARP_FIELD.senderMac),
    write(ARP_REPLY, ARP_FIELD.operation),
    { kind: 'forward', index },
  ]
}

/**
 * A solicitation of 24 bytes has no option, one of 32 has one of 8 bytes, whatever it is: Linux puts
 * a nonce into its probes (RFC 7527). Longer ones are left to the kernel, which does not answer.
 */
interface Solicitation {
  /** A probe comes from `::` and asks whether the address is taken (RFC 4862, 5.4). */
  readonly asker: 'addressed' | 'probe'
  readonly hasOption: boolean
}

function ndpRule({ name, index, mac }: Station, { asker, hasOption }: Solicitation): Rule {
  const set = addressSet('ipv6', name)
  const own = hex(mac)
  return [
    ...NDP_QUESTION.conditions,
    { kind: 'match', field: NDP_FIELD.length, bytes: hasOption ? '0020' : '0018' },
    {
      kind: 'match',
      field: NDP_FIELD.source,
      bytes: UNSPECIFIED,
      ...(asker === 'addressed' && { negated: true }),
    },
    ...asked(set, NDP_FIELD.source, NDP_FIELD.target),
    ...(asker === 'addressed' ? TO_THE_ASKER : TO_ALL),
    copy(NDP_FIELD.target, NDP_FIELD.source, 'pseudo-header'),
    ...(hasOption ? [write(TARGET_MAC_OPTION + own, NDP_FIELD.option, 'icmpv6')] : []),
    write(ADVERTISEMENT, NDP_FIELD.newTypeAndCode, 'icmpv6'),
    write(own, LINK.source),
    { kind: 'forward', index },
  ]
}

const TO_THE_ASKER: Rule = [
  copy(NDP_FIELD.source, NDP_FIELD.destination, 'pseudo-header'),
  copy(LINK.source, LINK.destination),
  write(SOLICITED_OVERRIDE, NDP_FIELD.flags, 'icmpv6'),
]

const TO_ALL: Rule = [
  write(ALL_NODES, NDP_FIELD.destination, 'pseudo-header'),
  write(ALL_NODES_MAC, LINK.destination),
  write(OVERRIDE, NDP_FIELD.flags, 'icmpv6'),
]
