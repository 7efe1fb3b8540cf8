import * as z from 'zod'
import type { RemoteAs, SessionEnd } from '../../announce/bgp/decision.ts'
import type { BgpPeer } from '../../announce/bgp/peer.ts'
import { type Address, familyOf, type IpFamily } from '../../model/address.ts'
import type { FieldReader } from '../field-reader.ts'
import { emptyOr, readAddress } from '../fields.ts'
import { said } from '../problem.ts'

/** The fields of a BGPPeer as they came. */
type Spec = Readonly<Record<string, unknown>>

const ASN = 'an AS number from 1 to 4294967295'

const asn = z.int({ error: ASN }).min(1, { error: ASN }).max(0xffff_ffff, { error: ASN })

/** Zero is none: the API server writes it where no number is given. */
const asnOrNone = z
  .int({ error: ASN })
  .min(0, { error: ASN })
  .max(0xffff_ffff, { error: ASN })
  .nullish()

/** Returns the AS numbers of both ends; undefined, with a problem, if they cannot be read. */
export function readSystems(
  spec: Spec,
  reader: FieldReader,
): Pick<BgpPeer, 'myAsn' | 'localAsn' | 'remoteAs'> | undefined {
  const myAsn = reader.read(spec['myASN'], asn, 'spec.myASN', undefined)
  const localAsn = reader.read(spec['localASN'], asnOrNone, 'spec.localASN', undefined)
  const remoteAs = readRemoteAs(spec, reader)
  if (myAsn === undefined || remoteAs === undefined) return undefined
  return { myAsn, localAsn: localAsn || undefined, remoteAs }
}

const dynamicAsn = emptyOr(['internal', 'external'])

function readRemoteAs(spec: Spec, reader: FieldReader): RemoteAs | undefined {
  const number = reader.read(spec['peerASN'], asnOrNone, 'spec.peerASN', 'bad' as const)
  const dynamic = reader.read(spec['dynamicASN'], dynamicAsn, 'spec.dynamicASN', 'bad' as const)
  if (number === 'bad' || dynamic === 'bad') return undefined
  if (number && !dynamic) return { kind: 'number', asn: number }
  if (dynamic && !number) return { kind: dynamic }
  const found = number ? 'it beside dynamicASN' : 'neither it nor dynamicASN'
  return refuse('peerASN', found, 'exactly one of peerASN and dynamicASN', reader)
}

const INTERFACE = 'the name of an interface, 1 to 15 letters, digits, "_", ".", "@", ":" or "-"'

/** In a line of configuration anything else could begin another command. */
const interfaceName = z
  .string({ error: INTERFACE })
  .regex(/^[A-Za-z0-9_.@:-]{0,15}$/, { error: INTERFACE })
  .nullish()

/** Returns where the peer is; undefined, with a problem, if that cannot be read. */
export function readEnd(spec: Spec, reader: FieldReader): SessionEnd | undefined {
  const isAddressed = isWritten(spec['peerAddress'])
  const link = reader.read(spec['interface'], interfaceName, 'spec.interface', 'bad value')
  if (link === 'bad value') return undefined
  if (isAddressed && link) {
    const found = 'it beside interface'
    return refuse('peerAddress', found, 'exactly one of peerAddress and interface', reader)
  }
  if (link) return { kind: 'interface', interface: link }
  if (!isAddressed) {
    const found = 'neither it nor interface'
    return refuse('peerAddress', found, 'exactly one of peerAddress and interface', reader)
  }
  const address = readOptional(spec, 'peerAddress', reader)
  return address === undefined ? undefined : { kind: 'address', address }
}

/** Returns the addresses that stand for the node itself; undefined where there are none. */
export function readOwnAddresses(
  spec: Spec,
  reader: FieldReader,
): Pick<BgpPeer, 'sourceAddress' | 'routerId'> {
  const routerId = readOptional(spec, 'routerID', reader)
  if (routerId !== undefined && familyOf(routerId) !== 'ipv4') {
    reader.report.error('spec.routerID', spec['routerID'], 'an IPv4 address')
    reader.noteUnread()
  }
  return { sourceAddress: readOptional(spec, 'sourceAddress', reader), routerId }
}

/** A session carries the family of its addresses, and both where it is asked to or has none. */
export function familiesOf(end: SessionEnd, dualStack: boolean): readonly IpFamily[] {
  if (dualStack || end.kind === 'interface') return ['ipv4', 'ipv6']
  return [familyOf(end.address)]
}

function readOptional(spec: Spec, field: string, reader: FieldReader): Address | undefined {
  if (!isWritten(spec[field])) return undefined
  const address = readAddress(spec[field], `spec.${field}`, reader.report)
  if (address === undefined) reader.noteUnread()
  return address
}

function isWritten(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function refuse(field: string, found: string, expected: string, reader: FieldReader): undefined {
  reader.report.error(`spec.${field}`, said(found), expected)
  reader.noteUnread()
  return undefined
}
