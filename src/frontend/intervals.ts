import {
  type Address,
  addressBits,
  addressOf,
  type Cidr,
  cidrContains,
  cidrRange,
  hostCidr,
  type IpFamily,
  toBigInt,
} from '../model/address.ts'
import { merge, type Span } from '../model/address-range.ts'

/** Returns prefixes as the disjoint, merged intervals that an interval set wants, in nft's text. */
export function intervals(family: IpFamily, cidrs: readonly Cidr[]): readonly string[] {
  return merge(cidrs.map(cidrRange)).map((range) => intervalText(family, range))
}

/** Returns whether an interval in that text contains the address. */
export function intervalContains(interval: string, address: Address): boolean {
  const [first, last] = interval.split('-') as [Address, Address?]
  if (last === undefined) {
    return cidrContains(interval.includes('/') ? (interval as Cidr) : hostCidr(first), address)
  }
  const value = toBigInt(address)
  return value >= toBigInt(first) && value <= toBigInt(last)
}

function intervalText(family: IpFamily, { first, last }: Span): string {
  const start: Address = addressOf(family, first)
  if (first === last) return start
  const size = last - first + 1n
  const bits = size.toString(2).length - 1
  const isPrefix = 1n << BigInt(bits) === size && first % size === 0n
  return isPrefix ? `${start}/${addressBits(family) - bits}` : `${start}-${addressOf(family, last)}`
}
