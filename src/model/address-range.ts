import type { IpFamily } from './address.ts'

/** All numbers from the first to the last; `first` is never greater than `last`. */
export interface Span {
  readonly first: bigint
  readonly last: bigint
}

/** All addresses from the first to the last, as numbers. */
export interface AddressRange extends Span {
  readonly family: IpFamily
}

/** Returns how many numbers a span has. */
export function sizeOf({ first, last }: Span): bigint {
  return last - first + 1n
}

/** Returns the same numbers as disjoint spans in ascending order, neighbours joined. */
export function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = []
  for (const span of spans.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const previous = merged.at(-1)
    if (previous === undefined || span.first > previous.last + 1n) merged.push(span)
    else if (span.last > previous.last) {
      merged[merged.length - 1] = { first: previous.first, last: span.last }
    }
  }
  return merged
}

/**
 * Returns what is left of spans, in their order, after all cuts. The cuts are disjoint and ascend,
 * as `merge` gives them; each costs one step, however many addresses it has.
 */
export function without<Each extends Span>(
  spans: readonly Each[],
  cuts: readonly Span[],
): readonly Each[] {
  return spans.flatMap((span) => {
    const rest: Each[] = []
    let { first } = span
    for (let at = firstEndingFrom(cuts, span.first); first <= span.last; at++) {
      const cut = cuts[at]
      if (cut === undefined || cut.first > span.last) {
        rest.push({ ...span, first })
        break
      }
      if (cut.first > first) rest.push({ ...span, first, last: cut.first - 1n })
      first = cut.last + 1n
    }
    return rest
  })
}

/** Returns the place of the first span that ends at this number or later, among ascending ones. */
export function firstEndingFrom(spans: readonly Span[], value: bigint): number {
  return countLeading(spans, ({ last }) => last < value)
}

/** Returns how many elements at the front pass a test that none behind them passes. */
export function countLeading<Each>(list: readonly Each[], test: (each: Each) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const each = list[middle]
    if (each !== undefined && test(each)) low = middle + 1
    else high = middle
  }
  return low
}
