const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Returns how long it is between two times (RFC 3339), in two units at most: `3 h 12 min`. */
export function between(from: string, to: string): string {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from))
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) return two(Math.floor(ms / HOUR), 'h', Math.floor((ms % HOUR) / MINUTE), 'min')
  return two(Math.floor(ms / DAY), 'd', Math.floor((ms % DAY) / HOUR), 'h')
}

function two(many: number, unit: string, few: number, smaller: string): string {
  return few === 0 ? `${many} ${unit}` : `${many} ${unit} ${few} ${smaller}`
}

/** Returns a time of day as the log has it (UTC), with the date if that is another one. */
export function clock(at: string, now: string): string {
  const [date, time] = [at.slice(0, 10), at.slice(11, 19)]
  return date === now.slice(0, 10) ? time : `${date} ${time}`
}

/** Returns whether a time is at least a day before another one. */
export function isDayBefore(at: string, now: string): boolean {
  return Date.parse(now) - Date.parse(at) >= DAY
}
