import * as z from 'zod'
import { parseDuration } from '../decode/duration.ts'
import { fields, flag } from '../decode/fields.ts'
import type { ConntrackSettings } from '../model/conntrack.ts'

/** kube-proxy's defaults for fields that are absent or null (its v1alpha1/defaults.go). */
export const defaultConntrack: ConntrackSettings = {
  maxPerCore: 32_768,
  min: 131_072,
  tcpEstablishedTimeout: 86_400,
  tcpCloseWaitTimeout: 3_600,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: false,
}

const LARGEST = 0x7fffffff

const count = z.custom<number>(
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST,
  { error: 'a number from 0 to 2147483647' },
)

type Timeout = 'tcpEstablishedTimeout' | 'tcpCloseWaitTimeout' | 'udpTimeout' | 'udpStreamTimeout'

/**
 * Reads a timeout in whole seconds, the kernel's unit; undefined, for zero, leaves the kernel's
 * value.
 */
function timeout(field: Timeout): z.ZodType<number | undefined> {
  return z
    .custom<string>(isTimeout, {
      error: 'a duration such as 1h30m or 45s, of at least a second, or 0s to leave it as it is',
    })
    .nullish()
    .transform((text) =>
      text == null ? defaultConntrack[field] : Math.floor(parseDuration(text) ?? 0) || undefined,
    )
}

function isTimeout(value: unknown): boolean {
  const seconds = typeof value === 'string' ? parseDuration(value) : undefined
  return seconds === 0 || (seconds !== undefined && seconds >= 1 && seconds <= LARGEST)
}

/** The conntrack block of a KubeProxyConfiguration. */
export const conntrackBlock: z.ZodType<ConntrackSettings> = fields({
  maxPerCore: count.nullish(),
  min: count.nullish(),
  tcpEstablishedTimeout: timeout('tcpEstablishedTimeout'),
  tcpCloseWaitTimeout: timeout('tcpCloseWaitTimeout'),
  udpTimeout: timeout('udpTimeout'),
  udpStreamTimeout: timeout('udpStreamTimeout'),
  tcpBeLiberal: flag.nullish(),
}).transform(({ maxPerCore, min, tcpBeLiberal, ...timeouts }) => ({
  maxPerCore: maxPerCore ?? defaultConntrack.maxPerCore,
  min: min ?? defaultConntrack.min,
  tcpBeLiberal: tcpBeLiberal ?? defaultConntrack.tcpBeLiberal,
  ...timeouts,
}))
