import * as z from 'zod'

const UNIT: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

/** Returns the seconds in a duration in Go's notation (`1h30m0s`); undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^\+?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/([\d.]+)([a-zµμ]+)/g)
  return [...parts].reduce(
    (sum, [, value, unit = '']) => sum + Number(value) * (UNIT[unit] ?? 0),
    0,
  )
}

/** Returns a schema that reads a duration as milliseconds, from `least` to `most` milliseconds. */
export function milliseconds(least: number, most: number): z.ZodType<number> {
  const inRange = (text: unknown): boolean => {
    const seconds = typeof text === 'string' ? parseDuration(text) : undefined
    return seconds !== undefined && seconds * 1000 >= least && seconds * 1000 <= most
  }
  const error = `a duration from ${least / 1000}s to ${most / 1000}s, such as 500ms or 10m`
  return z.custom<string>(inRange, { error }).transform((text) => (parseDuration(text) ?? 0) * 1000)
}
