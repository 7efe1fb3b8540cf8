import * as z from 'zod'
import type { BfdProfile } from '../../announce/bgp/bfd-profile.ts'
import { fields, flag, nameOf, namespaceName, objectName, parseFields } from '../fields.ts'
import { type Problem, report as startReport } from '../problem.ts'

type DecodedProfile =
  | {
      readonly kind: 'profile'
      readonly profile: BfdProfile
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const interval = between(10, 60_000, ' of milliseconds')

const profileSchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName }),
  spec: fields({
    receiveInterval: interval,
    transmitInterval: interval,
    echoInterval: interval,
    detectMultiplier: between(2, 255),
    minimumTtl: between(1, 254),
    echoMode: flag.nullish(),
    passiveMode: flag.nullish(),
  }).nullish(),
})

/**
 * Reads a BFDProfile (metallb.io/v1beta1). It is `invalid` if any field cannot be read: a session with
 * other times than were meant could end all the time.
 */
export function decodeBfdProfile(json: unknown, source: string): DecodedProfile {
  const report = startReport(source, 'BFDProfile', nameOf(json, true))
  const { problems } = report
  const read = parseFields(profileSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, spec } = read
  const profile: BfdProfile = {
    name: metadata.name,
    namespace: metadata.namespace || 'default',
    receiveInterval: spec?.receiveInterval ?? undefined,
    transmitInterval: spec?.transmitInterval ?? undefined,
    echoInterval: spec?.echoInterval ?? undefined,
    detectMultiplier: spec?.detectMultiplier ?? undefined,
    minimumTtl: spec?.minimumTtl ?? undefined,
    echoMode: spec?.echoMode ?? false,
    passiveMode: spec?.passiveMode ?? false,
  }
  return { kind: 'profile', profile, problems }
}

function between(least: number, most: number, unit = ''): z.ZodType<number | null | undefined> {
  const error = `a whole number${unit} from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error }).nullish()
}
