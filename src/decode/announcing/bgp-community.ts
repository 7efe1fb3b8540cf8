import * as z from 'zod'
import {
  COMMUNITY,
  type Community,
  type CommunityNames,
  parseCommunity,
} from '../../announce/bgp/community.ts'
import { FieldReader } from '../field-reader.ts'
import { anything, fields, nameOf, namespaceName, objectName, parseFields } from '../fields.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'

type DecodedCommunity =
  | {
      readonly kind: 'community'
      readonly community: CommunityNames
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const communitySchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName }),
  spec: fields({ communities: anything }).nullish(),
})

const NAME = 'a name for a community'

const value = z
  .string({ error: COMMUNITY })
  .refine((text) => parseCommunity(text) !== undefined, { error: COMMUNITY })

const entrySchema = fields({ name: z.string({ error: NAME }).min(1, { error: NAME }), value })

/**
 * Reads a Community (metallb.io/v1beta1). A bad entry is reported and left out; so is the second one
 * of a name.
 */
export function decodeCommunity(json: unknown, source: string): DecodedCommunity {
  const object = nameOf(json, true)
  const report = startReport(source, 'Community', object)
  const { problems } = report
  const read = parseFields(communitySchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const path = 'spec.communities'
  const names = new Map<string, Community>()
  const entries = new FieldReader(report).list(read.spec?.communities, path)
  entries?.forEach((each, i) => {
    const place = joinPath(path, i)
    const entry = parseFields(entrySchema, each, place, report)
    const community = entry && parseCommunity(entry.value)
    if (entry === undefined || community === undefined) return
    if (names.has(entry.name)) report.error(joinPath(place, 'name'), entry.name, 'each name once')
    else names.set(entry.name, community)
  })
  return { kind: 'community', community: { object, names }, problems }
}
