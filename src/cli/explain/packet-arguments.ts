import { familyOf, parseAddress, parsePort } from '../../model/address.ts'
import type { Packet } from '../../trace/packet.ts'

/** The packet that the command line asks about. */
export interface SentPacket extends Omit<Packet, 'origin'> {
  /** The interface on which it comes in; if undefined, the routes decide. */
  readonly input: string | undefined
}

type ParsedPacket =
  | { readonly kind: 'packet'; readonly packet: SentPacket }
  | { readonly kind: 'wrong'; readonly lines: readonly string[] }

const TO =
  'expected ADDRESS:PORT, such as 203.0.113.10:80, 203.0.113.10:53/udp or [2001:db8::10]:80'
const TARGET = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})(?:\/(tcp|udp|sctp))?$/i

/** Parses the packet; returns `wrong` with a line for each bad option. */
export function parsePacket(options: {
  readonly from: string
  readonly to: string
  readonly input: string | undefined
}): ParsedPacket {
  const from = parseAddress(options.from)?.value
  const [, v6, v4, digits, protocol = 'tcp'] = TARGET.exec(options.to) ?? []
  const to = parseAddress(v6 ?? v4 ?? '')?.value
  const port = parsePort(Number(digits))
  const lines: string[] = []
  if (from === undefined) lines.push(wrong('--from', options.from, 'expected an address'))
  if (to === undefined || port === undefined) lines.push(wrong('--to', options.to, TO))
  if (from === undefined || to === undefined || port === undefined) return { kind: 'wrong', lines }
  if (familyOf(from) !== familyOf(to)) {
    const family = familyOf(to) === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address'
    return { kind: 'wrong', lines: [wrong('--from', from, `expected ${family}, as --to`)] }
  }
  const named = protocol.toLowerCase() as Packet['protocol']
  return { kind: 'packet', packet: { from, to, port, protocol: named, input: options.input } }
}

/**
 * Returns the message about an unknown interface. It is checked only for this machine's kernel;
 * files may describe any machine.
 */
export function wrongInterface(name: string, known: readonly string[]): string {
  return wrong('--in', name, `expected an interface of this machine: ${known.join(', ')}`)
}

function wrong(option: string, found: string, expected: string): string {
  return `nodelb: ${option}: found ${JSON.stringify(found)}, ${expected}`
}
