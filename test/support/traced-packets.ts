import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { parseAddress } from '../../src/model/address.ts'
import type { NodeView } from '../../src/model/node.ts'
import type { Outcome } from '../../src/trace/outcome.ts'
import { isLoopback, type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'
import { parseDestination } from './lab.ts'
import type { Expectation } from './packets.ts'
import { answerers, nodeAddresses, outsider, type PartyName, parties } from './topology.ts'
import type { Followed, Walker } from './traced-backends.ts'

/** The lab's node as the tracer wants to know it (see `interiors` of topology.ts). */
export const labFacts: NodeFacts = {
  addresses: new Set(nodeAddresses),
  routes: [
    route('192.0.2.0/24', 'to-client', '192.0.2.1'),
    route('198.51.100.0/24', 'to-remote', '198.51.100.1'),
    route('10.244.1.0/24', 'cni0', '10.244.1.1'),
    route('10.244.2.0/24', 'to-remote', '198.51.100.1'),
    route('0.0.0.0/0', 'to-outside', '198.18.0.1'),
    route('2001:db8:1::/64', 'to-client', '2001:db8:1::1'),
    route('2001:db8:2::/64', 'to-remote', '2001:db8:2::1'),
    route('fd00:10:244:1::/64', 'cni0', 'fd00:10:244:1::1'),
    route('fd00:10:244:2::/64', 'to-remote', '2001:db8:2::1'),
    route('::/0', 'to-outside', '2001:db8:3::1'),
  ],
}

function route(to: string, device: string, address: string): NodeFacts['routes'][number] {
  return { to: to as Cidr, interface: device, address: address as Address }
}

/** The lab's node with all of its addresses, as the machine itself would tell. */
export function labNode(node: NodeView): NodeView {
  return { ...node, localAddresses: [...labFacts.addresses] as Address[] }
}

/**
 * The packet that this party of the lab sends, where the node has these addresses beside its own.
 */
export function labPacket(
  from: PartyName,
  to: string,
  protocol: Packet['protocol'],
  bound: ReadonlySet<string> = new Set(),
): Packet {
  const { host, port } = parseDestination(to)
  const destination = parseAddress(host)?.value ?? ('' as Address)
  const source = sourceOf(from, destination, bound)
  const origin: Packet['origin'] = from === 'node' ? { kind: 'node' } : originOf(source, labFacts)
  return { from: source, to: destination, protocol, port: port as Port, origin }
}

/** The node speaks for itself with its InternalIP, and to itself as the one it speaks to. */
function sourceOf(from: PartyName, to: Address, bound: ReadonlySet<string>): Address {
  const v6 = to.includes(':')
  const { addresses } = parties[from]
  if (addresses !== undefined) return addresses[v6 ? 1 : 0] as Address
  if (nodeAddresses.includes(to) || bound.has(to)) return to
  return (v6 ? '2001:db8:1::1' : '192.0.2.1') as Address
}

/** What the tracer says to a line of a packets.yaml, if that is something else. */
export function tracedDisappointment(walker: Walker, expected: Expectation): string | undefined {
  const { bound } = walker
  const packet = labPacket(expected.from, expected.to, expected.protocol, bound)
  const followed = walker.follow(packet, labFacts)
  const outcomes = outcomesOf(followed)
  const said =
    complain(expected, outcomes) ??
    ('sticky' in expected ? wronglyRemembered(expected.sticky, followed) : undefined)
  if (said === undefined) return undefined
  const found = outcomes.map((outcome) => JSON.stringify(outcome)).join('; ')
  return `${expected.from} -> ${expected.to}/${expected.protocol}: expected ${said}, but: ${found}`
}

function outcomesOf({ ways }: Followed): readonly Outcome[] {
  return ways.map(({ reading }) => reading.outcome)
}

/** Only clients of Services with affinity are remembered, and only these take up room. */
function wronglyRemembered(sticky: boolean, followed: Followed): string | undefined {
  const told = followed.ways.filter(({ reading }) => reading.sticky !== sticky)
  if (told.length > 0) return sticky ? 'a client that is remembered' : 'one that is not remembered'
  return sticky ? unsteady(followed) : undefined
}

/** The next connection of a client goes where its first one went, whichever way that was. */
function unsteady({ ways }: Followed): string | undefined {
  const moved = ways.filter(({ reading, next }) =>
    outcomesOf(next()).some((outcome) => answererOf(outcome) !== answererOf(reading.outcome)),
  )
  return moved.length === 0 ? undefined : 'the same endpoint again'
}

function complain(expected: Expectation, outcomes: readonly Outcome[]): string | undefined {
  if ('outcome' in expected) {
    return outcomes.every((outcome) => isAsExpected(expected.outcome, outcome, expected.to))
      ? undefined
      : expected.outcome
  }
  const reached = new Set(outcomes.map(answererOf))
  const same =
    reached.size === expected.reaches.length && expected.reaches.every((name) => reached.has(name))
  if (!same) return expected.reaches.join(', ')
  const seen = outcomes.every(
    (outcome) =>
      expected.source === undefined ||
      (outcome.kind === 'delivered' && outcome.source.address === expected.source),
  )
  return seen ? undefined : `source ${expected.source}`
}

/**
 * On the node's loopback no process listens: what is left alone there is refused by the node
 * itself.
 */
function isAsExpected(expected: Outcome['kind'], { kind }: Outcome, to: string): boolean {
  if (kind === 'untouched' && isLoopback(parseDestination(to).host as Address)) {
    return expected === 'refused'
  }
  return kind === expected
}

function answererOf(outcome: Outcome): string {
  if (outcome.kind !== 'delivered') return outcome.kind
  const found = Object.values(answerers)
    .flat()
    .find(({ addresses }) => addresses.includes(outcome.address))
  return found?.name ?? outsider
}
