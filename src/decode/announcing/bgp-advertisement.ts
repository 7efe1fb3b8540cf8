import * as z from 'zod'
import type { BgpAdvertisement } from '../../announce/bgp/advertisement.ts'
import { readEntries, readNames, readSelectors, restriction } from '../entries.ts'
import { FieldReader } from '../field-reader.ts'
import { anything, fields, nameOf, namespaceName, objectName, parseFields } from '../fields.ts'
import { type Problem, report as startReport } from '../problem.ts'
import { readPoolRule } from './pool-rule.ts'

type DecodedAdvertisement =
  | {
      readonly kind: 'advertisement'
      readonly advertisement: BgpAdvertisement
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** The specification may be left out: then all pools go to all peers from all Nodes. */
const advertisementSchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName }),
  spec: fields({
    aggregationLength: anything,
    aggregationLengthV6: anything,
    localPref: anything,
    communities: anything,
    ipAddressPools: anything,
    ipAddressPoolSelectors: anything,
    nodeSelectors: anything,
    serviceSelectors: anything,
    peers: anything,
  }).nullish(),
})

type Spec = z.infer<typeof advertisementSchema>['spec']

const LOCAL_PREF = 'a whole number from 0 to 4294967295'

const localPref = z
  .int({ error: LOCAL_PREF })
  .min(0, { error: LOCAL_PREF })
  .max(0xffff_ffff, { error: LOCAL_PREF })

const COMMUNITY = 'a community or the name of one'

const community = z.string({ error: COMMUNITY }).min(1, { error: COMMUNITY })

/**
 * Reads a BGPAdvertisement (metallb.io/v1beta1). A bad entry of a list that selects is reported and
 * left out, and a list without a readable entry means nothing rather than everything. It is `invalid`
 * if its name, or anything that a route carries, cannot be read: a route without one of its
 * communities could go further than it is meant to.
 */
export function decodeBgpAdvertisement(json: unknown, source: string): DecodedAdvertisement {
  const report = startReport(source, 'BGPAdvertisement', nameOf(json, true))
  const { problems } = report
  const read = parseFields(advertisementSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, spec } = read
  const route = new FieldReader(report)
  const carried = readRoute(spec, route)
  const reader = new FieldReader(report)
  const selectors = readSelectors(spec?.serviceSelectors, 'spec.serviceSelectors', reader)
  const { ipv4, ipv6 } = carried.lengths
  if (selectors.asked && (ipv4 !== 32 || ipv6 !== 128)) {
    const expected = 'no serviceSelectors beside other lengths of aggregation than 32 and 128'
    report.error('spec.serviceSelectors', spec?.serviceSelectors, expected)
    route.noteUnread()
  }
  const advertisement: BgpAdvertisement = {
    name: metadata.name,
    pools: readPoolRule(spec, reader),
    nodes: restriction(readSelectors(spec?.nodeSelectors, 'spec.nodeSelectors', reader)),
    services: restriction(selectors),
    peers: restriction(readNames(spec?.peers, 'spec.peers', reader)),
    ...carried,
  }
  if (route.unread) return { kind: 'invalid', problems }
  return { kind: 'advertisement', advertisement, problems }
}

/** A localPref of 0 is none, as MetalLB writes it into no configuration. */
function readRoute(
  spec: Spec,
  reader: FieldReader,
): Pick<BgpAdvertisement, 'lengths' | 'localPref' | 'communities'> {
  const length = (field: 'aggregationLength' | 'aggregationLengthV6', most: number): number =>
    reader.read(spec?.[field], upTo(most), `spec.${field}`, most) ?? most
  const communities = readEntries(spec?.communities, 'spec.communities', reader, (each, place) =>
    reader.read(each, community, place, undefined),
  )
  return {
    lengths: { ipv4: length('aggregationLength', 32), ipv6: length('aggregationLengthV6', 128) },
    localPref:
      reader.read(spec?.localPref, localPref.nullish(), 'spec.localPref', undefined) || undefined,
    communities: communities.entries,
  }
}

function upTo(most: number): z.ZodType<number | null | undefined> {
  const error = `a whole number from 1 to ${most}`
  return z.int({ error }).min(1, { error }).max(most, { error }).nullish()
}
