import * as z from 'zod'
import { fields, flag, oneOf } from '../decode/fields.ts'
import { type BgpSettings, defaultAnnounceSettings } from '../model/announce-settings.ts'
import { milliseconds } from './duration.ts'

type Optional<Value> = Value | null | undefined

/** What a NodelbConfiguration says in `announce.bgp`. */
export interface ReadBgp {
  readonly enabled?: Optional<boolean>
  readonly engine?: Optional<BgpSettings['engine']>
  readonly frr?: Optional<{
    readonly sockets?: Optional<string>
    readonly shared?: Optional<boolean>
  }>
  readonly onExit?: Optional<BgpSettings['onExit']>
  readonly ignoreExcludeLabel?: Optional<boolean>
  readonly drain?: Optional<{
    readonly cordoned?: Optional<BgpSettings['drain']['cordoned']>
    readonly grace?: Optional<number>
  }>
  readonly weightByEndpoints?: Optional<boolean>
}

const FOLDER = 'the path of the folder with the sockets of FRR, such as /run/frr'

const folder = z.string({ error: FOLDER }).regex(/^\//, { error: FOLDER })

/** The field `announce.bgp` of a NodelbConfiguration. */
export const bgpSchema: z.ZodType<ReadBgp> = fields({
  enabled: flag.nullish(),
  engine: oneOf(['frr', 'frr-k8s']).nullish(),
  frr: fields({ sockets: folder.nullish(), shared: flag.nullish() }).nullish(),
  onExit: oneOf(['keep', 'withdraw']).nullish(),
  ignoreExcludeLabel: flag.nullish(),
  drain: fields({
    cordoned: oneOf(['ignore', 'withdraw']).nullish(),
    grace: milliseconds(0, 3_600_000).nullish(),
  }).nullish(),
  weightByEndpoints: flag.nullish(),
})

/** Returns the settings, with defaults for those that are missing. */
export function bgpOf(read: ReadBgp): BgpSettings {
  const { bgp: defaults } = defaultAnnounceSettings
  const { frr, drain } = read
  return {
    enabled: read.enabled ?? defaults.enabled,
    engine: read.engine ?? defaults.engine,
    frr: {
      sockets: frr?.sockets ?? defaults.frr.sockets,
      shared: frr?.shared ?? defaults.frr.shared,
    },
    onExit: read.onExit ?? defaults.onExit,
    ignoreExcludeLabel: read.ignoreExcludeLabel ?? defaults.ignoreExcludeLabel,
    drain: {
      cordoned: drain?.cordoned ?? defaults.drain.cordoned,
      grace: drain?.grace ?? defaults.drain.grace,
    },
    weightByEndpoints: read.weightByEndpoints ?? defaults.weightByEndpoints,
  }
}
