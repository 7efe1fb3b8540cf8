import * as z from 'zod'
import { fields, flag, port } from '../decode/fields.ts'
import { isPattern, PATTERN } from '../decode/pattern.ts'
import { type Report, said } from '../decode/problem.ts'
import type { Port } from '../model/address.ts'
import { type AnnounceSettings, defaultAnnounceSettings } from '../model/announce-settings.ts'
import { bgpOf, bgpSchema, type ReadBgp } from './bgp-config.ts'
import { milliseconds } from './duration.ts'

type Optional<Value> = Value | null | undefined

interface ReadMembers {
  readonly interval?: Optional<number>
  readonly timeout?: Optional<number>
  readonly port?: Optional<Port>
  readonly keyFile?: Optional<string>
}

interface ReadAnnounce {
  readonly ping?: Optional<boolean>
  readonly bgp?: Optional<ReadBgp>
  readonly layer2?: Optional<{
    readonly enabled?: Optional<boolean>
    readonly excludeInterfaces?: Optional<readonly string[]>
    readonly ignoreExcludeLabel?: Optional<boolean>
    readonly hold?: Optional<number>
    readonly settle?: Optional<number>
    readonly members?: Optional<ReadMembers>
  }>
}

const pattern = z.custom<string>(isPattern, { error: PATTERN })

const FILE = 'the path of a file with the key'

const file = z.string({ error: FILE }).min(1, { error: FILE })

const membersSchema: z.ZodType<ReadMembers> = fields({
  interval: milliseconds(50, 5_000).nullish(),
  timeout: milliseconds(100, 60_000).nullish(),
  port: port.nullish(),
  keyFile: file.nullish(),
})

/** The field `announce` of a NodelbConfiguration. */
export const announceSchema: z.ZodType<Optional<ReadAnnounce>> = fields({
  ping: flag.nullish(),
  bgp: bgpSchema.nullish(),
  layer2: fields({
    enabled: flag.nullish(),
    excludeInterfaces: z.array(pattern, { error: 'a list of regular expressions' }).nullish(),
    ignoreExcludeLabel: flag.nullish(),
    hold: milliseconds(5_000, 600_000).nullish(),
    settle: milliseconds(0, 600_000).nullish(),
    members: membersSchema.nullish(),
  }).nullish(),
}).nullish()

/**
 * Returns the settings, with defaults for those that are missing. A time limit that is too short for
 * the interval is reported.
 */
export function announceOf(read: Optional<ReadAnnounce>, report: Report): AnnounceSettings {
  const { layer2: defaults } = defaultAnnounceSettings
  const found = read?.layer2 ?? {}
  return {
    ping: read?.ping ?? defaultAnnounceSettings.ping,
    bgp: bgpOf(read?.bgp ?? {}),
    layer2: {
      enabled: found.enabled ?? defaults.enabled,
      excludeInterfaces: found.excludeInterfaces ?? defaults.excludeInterfaces,
      ignoreExcludeLabel: found.ignoreExcludeLabel ?? defaults.ignoreExcludeLabel,
      hold: found.hold ?? defaults.hold,
      settle: found.settle ?? defaults.settle,
      members: membersOf(found.members ?? {}, report),
    },
  }
}

/** Without a limit of its own, a longer interval has one in the same proportion as by default. */
function membersOf(read: ReadMembers, report: Report): AnnounceSettings['layer2']['members'] {
  const { members: defaults } = defaultAnnounceSettings.layer2
  const interval = read.interval ?? defaults.interval
  const timeout = read.timeout ?? 3 * interval
  if (timeout < 2 * interval) {
    const path = 'announce.layer2.members.timeout'
    report.error(path, said(`${timeout}ms`), `at least two intervals, which are ${2 * interval}ms`)
  }
  return { interval, timeout, port: read.port ?? defaults.port, keyFile: read.keyFile ?? undefined }
}
