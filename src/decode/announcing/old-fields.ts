import * as z from 'zod'
import { FieldReader } from '../field-reader.ts'
import { parseFields } from '../fields.ts'
import { joinPath, type Problem, type Report, said } from '../problem.ts'

/** The fields of an entry of the old ConfigMap, by their names in the objects that came after it. */
type OldFields = Readonly<Record<string, string>>

export const PEER_FIELDS: OldFields = {
  'my-asn': 'myASN',
  'peer-asn': 'peerASN',
  'peer-address': 'peerAddress',
  'source-address': 'sourceAddress',
  'peer-port': 'peerPort',
  'hold-time': 'holdTime',
  'keepalive-time': 'keepaliveTime',
  'router-id': 'routerID',
  'node-selectors': 'nodeSelectors',
  password: 'password',
  'bfd-profile': 'bfdProfile',
  'ebgp-multihop': 'ebgpMultiHop',
}

export const ADVERTISEMENT_FIELDS: OldFields = {
  'aggregation-length': 'aggregationLength',
  'aggregation-length-v6': 'aggregationLengthV6',
  localpref: 'localPref',
  communities: 'communities',
  peers: 'peers',
}

export const PROFILE_FIELDS: OldFields = {
  'receive-interval': 'receiveInterval',
  'transmit-interval': 'transmitInterval',
  'detect-multiplier': 'detectMultiplier',
  'echo-interval': 'echoInterval',
  'echo-mode': 'echoMode',
  'passive-mode': 'passiveMode',
  'minimum-ttl': 'minimumTtl',
}

const SELECTOR_FIELDS: OldFields = {
  'match-labels': 'matchLabels',
  'match-expressions': 'matchExpressions',
}

/** A list of the old ConfigMap, and where it is. */
interface OldList {
  readonly value: unknown
  /** Such as `data.config.peers`. */
  readonly path: string
  readonly fields: OldFields
}

/** An entry of such a list in the words of today. */
interface OldEntry {
  /** Its number in the list, from 0, and its path. */
  readonly at: number
  readonly place: string
  /** As it came; undefined if it has none. */
  readonly name: unknown
  readonly spec: Readonly<Record<string, unknown>>
  /** Tells of the object that was made of the entry, in the words of the ConfigMap. */
  readonly retell: (problems: readonly Problem[]) => void
}

const entrySchema = z.record(z.string(), z.unknown(), { error: 'an object' })

/**
 * Reads a list of entries. One with a field that MetalLB did not know is reported and left out: it would
 * not do what was meant.
 */
export function readOldList({ value, path, fields }: OldList, report: Report): readonly OldEntry[] {
  return (new FieldReader(report).list(value, path) ?? []).flatMap((each, i) => {
    const place = joinPath(path, i)
    const entry = parseFields(entrySchema, each, place, report)
    if (entry === undefined) return []
    const { name, ...rest } = entry
    const unknown = Object.keys(rest).filter((field) => !Object.hasOwn(fields, field))
    const expected = `one of the fields ${Object.keys(fields).join(', ')}`
    for (const field of unknown) report.error(joinPath(place, field), rest[field], expected)
    if (unknown.length > 0) return []
    const retell = retelling({ place, fields }, report)
    return [{ at: i, place, name, spec: renamed(rest, fields), retell }]
  })
}

function renamed(entry: object, fields: OldFields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(entry).map(([field, value]) => {
      const now = fields[field] ?? field
      return [now, now === 'nodeSelectors' ? withSelectors(value) : value]
    }),
  )
}

/** Labels keep their names, whatever these are. */
function withSelectors(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map((each: unknown) =>
    typeof each === 'object' && each !== null ? renamed(each, SELECTOR_FIELDS) : each,
  )
}

interface Place {
  /** The path of the entry. */
  readonly place: string
  readonly fields: OldFields
}

function retelling({ place, fields }: Place, report: Report): OldEntry['retell'] {
  const names = new Map(
    Object.entries({ ...fields, ...SELECTOR_FIELDS }).map(([old, now]) => [now, old]),
  )
  const oldName = (now: string): string => names.get(now) ?? now
  return (problems) => {
    for (const { path, found, expected, effect } of problems) {
      const at = path
        .replace(/^(?:spec|metadata)\.?/, '')
        .replace(/^\w+/, oldName)
        .replace(/(?<=^node-selectors\[\d+\]\.)\w+/, oldName)
      const where = at === '' ? place : `${place}.${at}`
      if (effect === undefined) report.error(where, said(found), expected)
      else report.note(where, said(found), expected, effect)
    }
  }
}
