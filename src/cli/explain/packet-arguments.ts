import { type Address, familyOf, type Port, parseAddress, parsePort } from '../../model/address.ts'
import { isLoopback, type NodeFacts, type Packet, routeTo } from '../../trace/packet.ts'

/** What the command line asks about. */
export interface Question {
  /** Undefined if the node itself asks. */
  readonly from: Address | undefined
  readonly to: Target | NamedService
  /** The interface on which the packet comes in; if undefined, the routes decide. */
  readonly input: string | undefined
}

/** Where a packet goes. */
export interface Target {
  readonly kind: 'address'
  readonly address: Address
  readonly port: Port
  readonly protocol: Packet['protocol']
}

/** A Service, or one port of it: each of its addresses is meant. */
export interface NamedService {
  readonly kind: 'service'
  /** `namespace/name`. */
  readonly service: string
  /** The name or the number of a Service port; undefined for all. */
  readonly port: string | undefined
}

type ParsedQuestion =
  | { readonly kind: 'question'; readonly question: Question }
  | { readonly kind: 'wrong'; readonly lines: readonly string[] }

const TO =
  'expected ADDRESS:PORT, such as 203.0.113.10:80, 203.0.113.10:53/udp or [2001:db8::10]:80, or NAMESPACE/NAME of a Service, with :PORT for one of its ports'
const TARGET = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})(?:\/(tcp|udp|sctp))?$/i
const SERVICE = /^([a-z0-9.-]+\/[a-z0-9.-]+)(?::([a-z0-9-]+))?$/

/** Parses what is asked; returns `wrong` with a line for each bad option. */
export function parseQuestion(options: {
  readonly from: string | undefined
  readonly to: string
  readonly input: string | undefined
}): ParsedQuestion {
  const { input } = options
  const from = options.from === undefined ? undefined : parseAddress(options.from)?.value
  const to = parseTarget(options.to) ?? parseService(options.to)
  const lines: string[] = []
  if (options.from !== undefined && from === undefined) {
    lines.push(wrong('--from', options.from, 'expected an address'))
  }
  if (to === undefined) lines.push(wrong('--to', options.to, TO))
  if (input !== undefined && options.from === undefined) {
    lines.push(wrong('--in', input, 'expected --from beside it: who comes in there'))
  }
  if (to === undefined || lines.length > 0) return { kind: 'wrong', lines }
  if (from !== undefined && to.kind === 'address' && familyOf(from) !== familyOf(to.address)) {
    return { kind: 'wrong', lines: [otherFamily(from, to)] }
  }
  return { kind: 'question', question: { from, to, input } }
}

function otherFamily(from: Address, { address }: Target): string {
  const family = familyOf(address) === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address'
  return wrong('--from', from, `expected ${family}, as --to`)
}

function parseTarget(text: string): Target | undefined {
  const [, v6, v4, digits, named = 'tcp'] = TARGET.exec(text) ?? []
  const address = parseAddress(v6 ?? v4 ?? '')?.value
  const port = parsePort(Number(digits))
  if (address === undefined || port === undefined) return undefined
  return { kind: 'address', address, port, protocol: named.toLowerCase() as Packet['protocol'] }
}

function parseService(text: string): NamedService | undefined {
  const [, service, port] = SERVICE.exec(text) ?? []
  return service === undefined ? undefined : { kind: 'service', service, port }
}

/** A packet to a target; `input` is the interface on which it comes in, if that was said. */
export interface SentPacket extends Omit<Packet, 'origin'> {
  readonly input: string | undefined
}

/**
 * Returns the packets to the targets: those of the sender's family, or from the address with which
 * the node itself would ask.
 */
export function packetsTo(
  targets: readonly Target[],
  { from, input }: Question,
  facts: NodeFacts,
): readonly SentPacket[] {
  const meant = targets.filter(({ address }) => !from || familyOf(address) === familyOf(from))
  return meant.map(({ address: to, port, protocol }) => {
    return { from: from ?? ownAddress(to, facts), to, port, protocol, input }
  })
}

function ownAddress(to: Address, facts: NodeFacts): Address {
  const family = familyOf(to)
  const mine = ([...facts.addresses] as Address[]).filter(
    (each) => familyOf(each) === family && each !== to && !isLoopback(each) && !isOnLink(each),
  )
  const loopback = (family === 'ipv4' ? '127.0.0.1' : '::1') as Address
  return routeTo(to, facts)?.address ?? mine[0] ?? loopback
}

function isOnLink(address: Address): boolean {
  return address.startsWith('fe80:') || address.startsWith('169.254.')
}

/**
 * Returns the message about a Service that has no such address, or is not there; none if an address was
 * asked about.
 */
export function wrongTarget(
  to: Target | NamedService,
  known: readonly string[],
): readonly string[] {
  if (to.kind === 'address') return []
  const { service, port } = to
  const found = port === undefined ? service : `${service}:${port}`
  const among = known.length === 0 ? '' : `; its ports: ${known.join(', ')}`
  const expected = `expected a Service that has an address here, of the family of --from${among}`
  return [wrong('--to', found, expected)]
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
