import {
  type Address,
  addressBits,
  addressOf,
  type Cidr,
  cidrRange,
  type IpFamily,
} from '../model/address.ts'

interface Range {
  readonly first: bigint
  readonly last: bigint
}

/** Returns prefixes as the disjoint, merged intervals that an interval set wants, in nft's text. */
export function intervals(family: IpFamily, cidrs: readonly Cidr[]): readonly string[] {
  return merge(cidrs.map(cidrRange)).map((range) => intervalText(family, range))
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = []
  for (const range of [...ranges].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const previous = merged.at(-1)
    if (previous === undefined || range.first > previous.last + 1n) merged.push(range)
    else if (range.last > previous.last) {
      merged[merged.length - 1] = { first: previous.first, last: range.last }
    }
  }
  return merged
}

function intervalText(family: IpFamily, { first, last }: Range): string {
  const start: Address = addressOf(family, first)
  if (first === last) return start
  const size = last - first + 1n
  const bits = size.toString(2).length - 1
  const isPrefix = 1n << BigInt(bits) === size && first % size === 0n
  return isPrefix ? `${start}/${addressBits(family) - bits}` : `${start}-${addressOf(family, last)}`
}
