const MINUTE = 60
const HOUR = 60 * MINUTE

/** The times, in seconds, for which the kernel may remember clients: all that people write. */
const TIMES: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 30],
  ...[1, 1.5, 2, 3, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((hours) => hours * HOUR),
]

/**
 * Returns for how many seconds clients are remembered: the next of few times, never shorter,
 * because with nftables each time costs a chain for each seat (ADR 0006).
 */
export function rememberedFor(seconds: number): number {
  return TIMES.find((time) => time >= seconds) ?? seconds
}
