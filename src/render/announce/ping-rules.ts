import type { Station } from '../../announce/station.ts'
import { addressSet, type Field, type Rule } from '../../ruleset/netdev/types.ts'
import { asked, copy, hex, LINK, network, transport, write } from './statements.ts'

const IPV4 = 0x0800
const IPV6 = 0x86dd
/** RFC 792 and RFC 4443: type and code of an echo request, and of its reply. */
const ECHO = { ipv4: ['0800', '0000'], ipv6: ['8000', '8100'] } as const
const TYPE_AND_CODE = transport(0, 2)

/**
 * Returns the rules of an interface that answer pings to announced addresses. Both ends change places
 * in the packet, so no checksum but that of the new type changes. A header of IPv4 with options, and an
 * extension header of IPv6, are left to the kernel, which does not answer.
 */
export function pingRules(station: Station): readonly Rule[] {
  const ipv4 = { source: network(12, 4), destination: network(16, 4) }
  const ipv6 = { source: network(8, 16), destination: network(24, 16) }
  return [
    [
      { kind: 'protocol', number: IPV4 },
      { kind: 'not-for-others' },
      { kind: 'match', field: network(0, 1), bytes: '45' },
      { kind: 'match', field: network(9, 1), bytes: '01' },
      ...echo(station, 'ipv4', ipv4),
    ],
    [
      { kind: 'protocol', number: IPV6 },
      { kind: 'not-for-others' },
      { kind: 'match', field: network(6, 1), bytes: '3a' },
      ...echo(station, 'ipv6', ipv6),
    ],
  ]
}

function echo(
  { name, index, mac }: Station,
  family: 'ipv4' | 'ipv6',
  { source, destination }: { readonly source: Field; readonly destination: Field },
): Rule {
  const [request, reply] = ECHO[family]
  return [
    { kind: 'match', field: TYPE_AND_CODE, bytes: request },
    ...asked(addressSet(family, name), source, destination),
    { kind: 'swap', one: source, other: destination },
    copy(LINK.source, LINK.destination),
    write(hex(mac), LINK.source),
    // The checksum of ICMP is where that of ICMPv6 is.
    write(reply, TYPE_AND_CODE, 'icmpv6'),
    { kind: 'forward', index },
  ]
}
