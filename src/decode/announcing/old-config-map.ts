import * as z from 'zod'
import type { BgpAdvertisement } from '../../announce/bgp/advertisement.ts'
import type { BfdProfile } from '../../announce/bgp/bfd-profile.ts'
import {
  COMMUNITY,
  type Community,
  type CommunityNames,
  parseCommunity,
} from '../../announce/bgp/community.ts'
import type { OldConfiguration } from '../../announce/bgp/old-configuration.ts'
import type { BgpPeer } from '../../announce/bgp/peer.ts'
import type { Advertisement, LabelledPool } from '../../announce/objects.ts'
import { decodeOldConfigMap } from '../allocation/old-config-map.ts'
import { readDocuments } from '../documents.ts'
import { nameOf, parseFields, valueAt } from '../fields.ts'
import { joinPath, type Problem, type Report, report as startReport } from '../problem.ts'
import { decodeBgpAdvertisement } from './bgp-advertisement.ts'
import { decodeBfdProfile } from './bgp-bfd-profile.ts'
import { decodeBgpPeer } from './bgp-peer.ts'
import { listedIn, withFormer } from './old-entries.ts'
import { ADVERTISEMENT_FIELDS, PEER_FIELDS, PROFILE_FIELDS, readOldList } from './old-fields.ts'

type DecodedConfiguration =
  | {
      readonly kind: 'old'
      readonly old: OldConfiguration
      readonly problems: readonly Problem[]
    }
  /** The ConfigMap is not MetalLB's. */
  | {
      readonly kind: 'ignored'
      readonly reason: 'no-configuration'
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const CONFIG = 'data.config'

/**
 * Reads what a ConfigMap says of announcing, as MetalLB had it up to 0.12: pools with their protocol,
 * peers, communities and BFD profiles. A bad entry is reported and stays as it is in `former`, which is what was
 * read before; one that is not there is left out. The ConfigMap is `invalid` if none of its pools can be read.
 */
export function decodeOldConfiguration(
  json: unknown,
  source: string,
  former?: OldConfiguration,
): DecodedConfiguration {
  const read = decodeOldConfigMap(json, source)
  if (read.kind === 'invalid') return read
  const report = startReport(source, 'ConfigMap', nameOf(json, true))
  const text = valueAt(json, ['data', 'config'])
  const config = typeof text === 'string' ? readDocuments(text, source).values[0] : undefined
  const hasPeers = Array.isArray(valueAt(config, ['peers']))
  if (read.kind === 'ignored' && !hasPeers) {
    return { kind: 'ignored', reason: 'no-configuration', problems: read.problems }
  }
  const found = read.kind === 'pools' ? read.pools : []
  const pools = found.map(({ origin: _, ...pool }): LabelledPool => {
    return { ...pool, audience: undefined, labels: new Map() }
  })
  const map = { config, source, object: nameOf(json, true), report, former }
  const listed = listedIn(valueAt(config, ['address-pools']))
  const all = withFormer(pools, former?.pools, listed)
  const { layer2, bgp } = readPools(map, new Set(found.map(({ name }) => name)))
  const kept = all.slice(pools.length).map(({ name }) => name)
  const old: OldConfiguration = {
    ...{ object: map.object, pools: all },
    advertisements: [...layer2, ...ofPools(former?.advertisements, kept)],
    bgp: {
      peers: readPeers(map),
      advertisements: [...bgp, ...ofPools(former?.bgp.advertisements, kept)],
      bfdProfiles: readProfiles(map),
      communities: [readCommunities(map)],
    },
  }
  return { kind: 'old', old, problems: [...read.problems, ...report.problems] }
}

/** What is read of one ConfigMap. */
interface OldMap {
  /** The document in it. */
  readonly config: unknown
  readonly source: string
  /** `namespace/name`. */
  readonly object: string
  readonly report: Report
  /** What was read of it before. */
  readonly former: OldConfiguration | undefined
}

/** Returns an object as it would be of today; MetalLB had no names for some. */
function asObject({ object }: OldMap, name: unknown, spec: unknown): object {
  const [namespace] = object.split('/')
  return { metadata: { name, namespace }, spec }
}

/** Unlike today, without a `hold-time` it was 90 s (internal/config/config.go of MetalLB 0.12). */
const USUAL_HOLD_TIME = '90s'

/** The fields of every peer, and how they are called today. */
const NECESSARY = [
  ['my-asn', 'myASN'],
  ['peer-asn', 'peerASN'],
  ['peer-address', 'peerAddress'],
] as const

function readPeers(map: OldMap): readonly BgpPeer[] {
  const list = { value: valueAt(map.config, ['peers']), path: `${CONFIG}.peers` }
  const peers = readOldList({ ...list, fields: PEER_FIELDS }, map.report).flatMap((entry) => {
    const { at, place, name = unnamedPeer(at), spec, retell } = entry
    const missing = NECESSARY.filter(([, now]) => !spec[now])
    for (const [field] of missing) {
      map.report.error(joinPath(place, field), undefined, 'it in every peer')
    }
    if (missing.length > 0) return []
    const whole = { ...spec, holdTime: spec['holdTime'] || USUAL_HOLD_TIME }
    const decoded = decodeBgpPeer(asObject(map, name, whole), map.source)
    retell(decoded.problems)
    return decoded.kind === 'peer' ? [decoded.peer] : []
  })
  return withFormer(peers, map.former?.bgp.peers, listedIn(list.value, unnamedPeer))
}

/** Returns the name of a peer without one, by its number from 0. */
function unnamedPeer(at: number): string {
  return `peer${at + 1}`
}

function readProfiles(map: OldMap): readonly BfdProfile[] {
  const list = { value: valueAt(map.config, ['bfd-profiles']), path: `${CONFIG}.bfd-profiles` }
  const profiles = readOldList({ ...list, fields: PROFILE_FIELDS }, map.report).flatMap((entry) => {
    const decoded = decodeBfdProfile(asObject(map, entry.name, entry.spec), map.source)
    entry.retell(decoded.problems)
    return decoded.kind === 'profile' ? [decoded.profile] : []
  })
  return withFormer(profiles, map.former?.bgp.bfdProfiles, listedIn(list.value))
}

const communitiesSchema = z.record(z.string(), z.unknown(), { error: 'an object' })

function readCommunities({ config, object, report, former }: OldMap): CommunityNames {
  const path = joinPath(CONFIG, 'bgp-communities')
  const known = former?.bgp.communities[0]?.names ?? new Map<string, Community>()
  const value = valueAt(config, ['bgp-communities']) ?? {}
  const given = parseFields(communitiesSchema, value, path, report)
  if (given === undefined) return { object, names: known }
  const names = Object.entries(given).flatMap(([name, each]) => {
    const read = typeof each === 'string' ? parseCommunity(each) : undefined
    if (read === undefined) report.error(joinPath(path, name), each, COMMUNITY)
    const community = read ?? known.get(name)
    return community === undefined ? [] : [[name, community] as const]
  })
  return { object, names: new Map(names) }
}

/** The advertisements of pools, in the way that their protocol says. */
interface OldAdvertisements {
  readonly layer2: readonly Advertisement[]
  readonly bgp: readonly BgpAdvertisement[]
}

/** `readable`: the names of the pools that could be read. */
function readPools(map: OldMap, readable: ReadonlySet<string>): OldAdvertisements {
  const layer2: Advertisement[] = []
  const bgp: BgpAdvertisement[] = []
  const found = valueAt(map.config, ['address-pools'])
  const listed: readonly unknown[] = Array.isArray(found) ? found : []
  listed.forEach((pool, i) => {
    const name = valueAt(pool, ['name'])
    if (typeof name !== 'string' || !readable.has(name)) return
    const path = joinPath(CONFIG, 'address-pools', i, 'bgp-advertisements')
    if (valueAt(pool, ['protocol']) === 'layer2') layer2.push(ofLayer2(name))
    else bgp.push(...readAdvertisements(map, name, { pool, path }))
  })
  return { layer2, bgp }
}

/** Returns the advertisements of these pools. */
function ofPools<Each extends Pick<Advertisement, 'pools'>>(
  all: readonly Each[] = [],
  names: readonly string[],
): readonly Each[] {
  return all.filter(({ pools }) => pools?.names.some((name) => names.includes(name)))
}

const rest = { nodes: undefined, services: undefined }

function ofLayer2(name: string): Advertisement {
  return {
    name,
    pools: { names: [name], selectors: [] },
    ...rest,
    interfaces: undefined,
    preferred: [],
  }
}

/** Without any a pool has a plain one; the first one has the name of the pool. */
function readAdvertisements(
  map: OldMap,
  name: string,
  { pool, path }: { readonly pool: unknown; readonly path: string },
): readonly BgpAdvertisement[] {
  const given = valueAt(pool, ['bgp-advertisements'])
  const nameAt = (at: number): string => (at === 0 ? name : `${name} ${at + 1}`)
  const isNone =
    given === undefined || given === null || (Array.isArray(given) && given.length === 0)
  const value = isNone ? [{}] : given
  const entries = readOldList({ value, path, fields: ADVERTISEMENT_FIELDS }, map.report)
  const advertisements = entries.flatMap(({ at, spec, retell }) => {
    // The name of a pool may be none that an object can have.
    const decoded = decodeBgpAdvertisement(asObject(map, 'pool', spec), map.source)
    retell(decoded.problems)
    if (decoded.kind === 'invalid') return []
    const pools = { names: [name], selectors: [] }
    return [{ ...decoded.advertisement, name: nameAt(at), pools }]
  })
  const former = ofPools(map.former?.bgp.advertisements, [name])
  const listed = Array.isArray(value) ? value.map((_, at) => nameAt(at)) : undefined
  return withFormer(advertisements, former, listed)
}
