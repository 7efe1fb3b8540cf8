import type { ListenAddress } from '../model/listening.ts'
import type { Value } from './field.ts'

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** Writes a duration in milliseconds as a person does: `15s`, `1h30m`, `200ms`, `0s`. */
export function writeDuration(milliseconds: number): string {
  const whole = Number(milliseconds.toPrecision(12)) // Without what a product of fractions adds.
  if (whole === 0) return '0s'
  if (whole % 1000 !== 0) return whole < 1000 ? `${whole}ms` : withFraction(whole)
  let rest = whole
  return UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count === 0 ? '' : `${count}${unit}`
  }).join('')
}

/** Seconds have the fraction, because no larger unit can have it without losing digits. */
function withFraction(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toPrecision(12))}s`
}

/** Writes where a server listens: `127.0.0.1:10249`, `[::1]:10249`, `0.0.0.0:10256`. */
export function writeListen({ host = '0.0.0.0', port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Writes a value in one line; `none` is what stands for no value. */
export function writeValue(value: Value, none: string): string {
  if (value === null) return none
  if (value === '') return '""'
  if (typeof value !== 'object') return String(value)
  return value.length === 0 ? 'empty' : `[${value.join(', ')}]`
}
