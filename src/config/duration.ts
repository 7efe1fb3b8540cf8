import * as z from 'zod'
import { parseDuration } from '../decode/duration.ts'

/** Returns a schema that reads a duration as milliseconds, from `least` to `most` milliseconds. */
export function milliseconds(least: number, most: number): z.ZodType<number> {
  const inRange = (text: unknown): boolean => {
    const seconds = typeof text === 'string' ? parseDuration(text) : undefined
    return seconds !== undefined && seconds * 1000 >= least && seconds * 1000 <= most
  }
  const error = `a duration from ${least / 1000}s to ${most / 1000}s, such as 500ms or 10m`
  return z.custom<string>(inRange, { error }).transform((text) => (parseDuration(text) ?? 0) * 1000)
}
