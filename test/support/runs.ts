const { RANDOM_RUNS } = process.env

/**
 * How often a property is tried on random input: `npm run test:random` takes all of the runs, `npm test`
 * an eighth, with another seed each time.
 */
export function runs(all: number): number {
  return RANDOM_RUNS === 'all' ? all : Math.ceil(all / 8)
}
