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

/** Of variants that differ in little, such as the families, `npm test` tries the first. */
export function tried<Variant>(variants: readonly Variant[]): readonly Variant[] {
  return isLong ? variants : variants.slice(0, 1)
}

/**
 * Both flavours of iptables get the same text, and each is tried for itself where they differ
 * (test/apply/iptables). So `npm test` tries every fourth case with each.
 */
export function isTried(at: number, flavour: 'nft' | 'legacy' | undefined): boolean {
  if (isLong || flavour === undefined) return true
  return at % 4 === (flavour === 'nft' ? 0 : 2)
}
