import { present } from '../model/present.ts'

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
    (sum, [, value, unit = '']) => sum + Number(value) * present(UNIT[unit]),
    0,
  )
}
