const { LONG_TESTS } = process.env

/** `npm run test:long` leaves nothing out. What takes longest is left to it by `npm test`. */
export const isLong: boolean = LONG_TESTS === 'all'

/**
 * How often something is tried at random or again and again: the long tests take all of the runs,
 * `npm test` an eighth. Properties have another seed each time.
 */
export function runs(all: number): number {
  return isLong ? all : Math.ceil(all / 8)
}

/**
 * Both flavours of iptables get the same text, and each is tried for itself where they differ
 * (test/apply/iptables). So `npm test` tries half of the cases with the first, a fourth with the
 * second.
 */
export function isTried(at: number, flavour: 'nft' | 'legacy' | undefined): boolean {
  if (isLong || flavour === undefined) return true
  return flavour === 'nft' ? at % 2 === 0 : at % 4 === 1
}
