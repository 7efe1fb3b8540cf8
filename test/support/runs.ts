const { LONG_TESTS } = process.env

/** `npm run test:long` leaves nothing out. What takes longest is left to it by `npm test`. */
export const isLong: boolean = LONG_TESTS === 'all'

/**
 * How often a property is tried on random input: the long tests take all of the runs, `npm test` an
 * eighth, with another seed each time.
 */
export function runs(all: number): number {
  return isLong ? all : Math.ceil(all / 8)
}
