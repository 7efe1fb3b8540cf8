import * as z from 'zod'
import { parseDuration } from '../decode/duration.ts'
import { fields, flag, list, oneOf, readCidrs } from '../decode/fields.ts'
import type { Report } from '../decode/problem.ts'
import type { Cidr } from '../model/address.ts'
import type { AnnounceSettings } from '../model/announce-settings.ts'
import {
  defaultIpvsSettings,
  type IpvsSettings,
  type IpvsTimeouts,
  type Scheduler,
  schedulers,
} from '../model/ipvs.ts'
import { milliseconds } from './duration.ts'

const LONGEST_MS = 86_400_000
const LARGEST = 0x7fffffff / 1000 // The kernel counts in ticks, up to 1000 per second.

/** Reads a timeout in whole seconds, the kernel's unit; zero leaves the kernel's value. */
const timeout = z
  .custom<string>(
    (text) => {
      const seconds = typeof text === 'string' ? parseDuration(text) : undefined
      return seconds === 0 || (seconds !== undefined && seconds >= 1 && seconds <= LARGEST)
    },
    { error: 'a duration such as 15m or 120s, of at least a second, or 0s to leave it as it is' },
  )
  .nullish()
  .transform((text) => (text == null ? 0 : Math.floor(parseDuration(text) ?? 0)))

/** The fields of the ipvs block; timeouts in seconds. */
interface IpvsBlock {
  readonly scheduler?: Scheduler | '' | null | undefined
  readonly excludeCIDRs?: unknown[] | null | undefined
  readonly strictARP?: boolean | null | undefined
  readonly minSyncPeriod?: number | null | undefined
  readonly tcpTimeout: number
  readonly tcpFinTimeout: number
  readonly udpTimeout: number
}

/** The ipvs block of a KubeProxyConfiguration. */
export const ipvsBlock: z.ZodType<IpvsBlock> = fields({
  scheduler: oneOf([...schedulers, '']).nullish(),
  excludeCIDRs: list.nullish(),
  strictARP: flag.nullish(),
  minSyncPeriod: milliseconds(0, LONGEST_MS).nullish(),
  tcpTimeout: timeout,
  tcpFinTimeout: timeout,
  udpTimeout: timeout,
})

export type ProxyIpvsSettings = Omit<IpvsSettings, 'interface'>

/**
 * Returns the ipvs settings, with defaults for what is not set; bad ranges are reported. Strict ARP
 * is on by default, because the addresses are on an interface that receives no ARP requests.
 */
export function ipvsSettingsOf(
  read: IpvsBlock | null | undefined,
  report: Report,
): ProxyIpvsSettings {
  if (read == null) return defaultProxyIpvs
  const excludedRanges: readonly Cidr[] = readCidrs(
    read.excludeCIDRs ?? [],
    'ipvs.excludeCIDRs',
    report,
  )
  return {
    scheduler: read.scheduler || defaultIpvsSettings.scheduler,
    excludedRanges,
    strictArp: read.strictARP ?? defaultIpvsSettings.strictArp,
    timeouts: timeoutsOf({
      tcp: read.tcpTimeout,
      tcpFin: read.tcpFinTimeout,
      udp: read.udpTimeout,
    }),
  }
}

export const defaultProxyIpvs: ProxyIpvsSettings = {
  scheduler: defaultIpvsSettings.scheduler,
  excludedRanges: defaultIpvsSettings.excludedRanges,
  strictArp: defaultIpvsSettings.strictArp,
  timeouts: defaultIpvsSettings.timeouts,
}

/**
 * Returns the ipvs settings that go with what is announced. Every node has all addresses, so where one
 * of them answers for an address on layer 2, strict ARP has to keep the others silent. What the file
 * says does not count then, because kubeadm writes `strictARP: false` into every cluster.
 */
export function ipvsBeside(
  { layer2 }: AnnounceSettings,
  settings: ProxyIpvsSettings,
): ProxyIpvsSettings {
  return { ...settings, strictArp: settings.strictArp || layer2.enabled }
}

function timeoutsOf(timeouts: IpvsTimeouts): IpvsTimeouts | undefined {
  return Object.values(timeouts).some((seconds) => seconds > 0) ? timeouts : undefined
}
