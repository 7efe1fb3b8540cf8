import * as z from 'zod'
import type { BgpPeer } from '../../announce/bgp/peer.ts'
import type { Port } from '../../model/address.ts'
import { readSelectors, restriction } from '../entries.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  flag,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  port,
} from '../fields.ts'
import { type Problem, type Report, said, report as startReport } from '../problem.ts'
import { readPassword } from './bgp-password.ts'
import { familiesOf, readEnd, readOwnAddresses, readSystems } from './bgp-session-ends.ts'
import { readConnectTime, readTimers } from './bgp-timers.ts'

type DecodedPeer =
  | { readonly kind: 'peer'; readonly peer: BgpPeer; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const FORMER = 'metallb.io/v1beta1'

/** The fields that a BGPPeer has since v1beta2. */
const NEWER = [
  'localASN',
  'dynamicASN',
  'interface',
  'connectTime',
  'passwordSecret',
  'enableGracefulRestart',
  'vrf',
  'disableMP',
  'dualStackAddressFamily',
]

const peerSchema = fields({
  apiVersion: anything,
  metadata: fields({ name: objectName, namespace: namespaceName }),
  spec: z.record(z.string(), z.unknown(), { error: 'an object' }),
})

type Spec = z.infer<typeof peerSchema>['spec']

const VRF = 'the name of a VRF, 1 to 15 letters, digits, "_", ".", "@", ":" or "-"'

const vrfName = z
  .string({ error: VRF })
  .regex(/^[A-Za-z0-9_.@:-]{0,15}$/, { error: VRF })
  .nullish()

/** Zero is no port: v1beta1 has no default, and the server writes zero where none is given. */
const peerPort: z.ZodType<Port | 0 | null | undefined> = z
  .union([z.literal(0), port], { error: 'a port from 1 to 65535' })
  .nullish()

/**
 * Reads a BGPPeer (metallb.io/v1beta1 and v1beta2). A bad selector of Nodes is reported and left out,
 * and a list without a readable one selects none. It is `invalid` if anything else cannot be read:
 * a session with other options than were meant could go to another router, or end all the time.
 */
export function decodeBgpPeer(json: unknown, source: string): DecodedPeer {
  const report = startReport(source, 'BGPPeer', nameOf(json, true))
  const { problems } = report
  const read = parseFields(peerSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata } = read
  const spec = read.apiVersion === FORMER ? withoutNewer(read.spec, report) : read.spec
  const reader = new FieldReader(report)
  const namespace = metadata.namespace || 'default'
  const session = readSession(spec, namespace, reader)
  const selectors = 'spec.nodeSelectors'
  const nodes = readSelectors(spec['nodeSelectors'], selectors, new FieldReader(report))
  if (session === undefined || reader.unread) return { kind: 'invalid', problems }
  const peer = { name: metadata.name, namespace, ...session, nodes: restriction(nodes) }
  return { kind: 'peer', peer, problems }
}

/** The API server drops such fields from a v1beta1 object, so that nothing comes of them there. */
function withoutNewer(spec: Spec, report: Report): Spec {
  for (const field of NEWER.filter((each) => isSet(spec[each]))) {
    const found = said(`a field of metallb.io/v1beta2 in ${FORMER}`)
    report.note(`spec.${field}`, found, 'it in that version only', 'it is passed over')
  }
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !NEWER.includes(field)))
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false && value !== 0
}

function readSession(
  spec: Spec,
  namespace: string,
  reader: FieldReader,
): Omit<BgpPeer, 'name' | 'namespace' | 'nodes'> | undefined {
  const readFlag = (field: string): boolean =>
    reader.read(spec[field], flag.nullish(), `spec.${field}`, false) ?? false
  const systems = readSystems(spec, reader)
  const end = readEnd(spec, reader)
  const dualStack = readFlag('dualStackAddressFamily')
  const profile = reader.read(spec['bfdProfile'], profileName, 'spec.bfdProfile', undefined)
  const rest = {
    vrf: reader.read(spec['vrf'], vrfName, 'spec.vrf', '') ?? '',
    ...readOwnAddresses(spec, reader),
    port: (reader.read(spec['peerPort'], peerPort, 'spec.peerPort', 0) || 179) as Port,
    timers: readTimers(spec, reader),
    connectTime: readConnectTime(spec, reader),
    password: readPassword(spec, namespace, reader),
    bfdProfile: profile || undefined,
    gracefulRestart: readFlag('enableGracefulRestart'),
    ebgpMultihop: readFlag('ebgpMultiHop'),
  }
  if (systems === undefined || end === undefined) return undefined
  const { remoteAs, myAsn } = systems
  if (rest.ebgpMultihop && remoteAs.kind === 'number' && remoteAs.asn === myAsn) {
    reader.report.error('spec.ebgpMultiHop', true, 'false where peerASN is myASN')
    reader.noteUnread()
  }
  return { ...systems, end, ...rest, families: familiesOf(end, dualStack) }
}

const profileName = z
  .union([z.literal(''), objectName], {
    error: 'a name in lower-case letters, digits, "-" and "."',
  })
  .nullish()
