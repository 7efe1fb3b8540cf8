import {
  type Address,
  addressOf,
  cidrRange,
  familyOf,
  parseAddress,
  parseCidr,
  toBigInt,
  unmapped,
} from '../../model/address.ts'
import type { AddressRange } from '../../model/address-range.ts'
import { notSpecial } from '../fields.ts'
import { joinPath, type Report } from '../problem.ts'

const EXPECTED = 'a range such as 192.0.2.0/24 or 192.0.2.10-192.0.2.20'

/** An entry of a pool, and where it stands. */
interface Entry {
  readonly text: string
  readonly path: string
  readonly range: AddressRange
}

/** A range as it is written, and how it is written without leading zeros. */
interface Written {
  readonly range: AddressRange
  readonly leadingZeros: boolean
}

/**
 * Returns the ranges of a pool in their order. A bad entry is reported and left out; addresses that
 * two entries have are reported, and both ranges are returned.
 */
export function readRanges(
  values: readonly unknown[],
  path: string,
  report: Report,
): readonly AddressRange[] {
  const entries = values.flatMap((value, i) => readEntry(value, joinPath(path, i), report) ?? [])
  noteOverlaps(entries, report)
  return entries.map(({ range }) => range)
}

function readEntry(value: unknown, path: string, report: Report): Entry | undefined {
  const refuse = (expected: string): undefined => report.error(path, value, expected) as undefined
  if (typeof value !== 'string') return refuse(EXPECTED)
  const written = value.includes('-') ? fromEnds(value) : fromPrefix(value)
  if (typeof written === 'string') return refuse(written)
  const { range, leadingZeros } = written
  if (hasSpecial(range)) return refuse('no unspecified, loopback or multicast address in a range')
  if (leadingZeros) report.note(path, value, 'no leading zeros', `read as ${printRange(range)}`)
  return { text: value, path, range }
}

/** Reads `first-last`, with blanks around both; returns what was expected if it is none. */
function fromEnds(text: string): Written | string {
  const dash = text.indexOf('-')
  const low = parseAddress(text.slice(0, dash).trim())
  const high = parseAddress(text.slice(dash + 1).trim())
  if (low === undefined || high === undefined) return EXPECTED
  const [start, end] = [unmapped(low.value), unmapped(high.value)]
  const family = familyOf(start)
  if (family !== familyOf(end)) return 'two addresses of one family'
  const range = { family, first: toBigInt(start), last: toBigInt(end) }
  if (range.first > range.last) return `the lower address first: ${end}-${start}`
  return { range, leadingZeros: low.leadingZeros || high.leadingZeros }
}

/** Reads `address/length`, host bits dropped; returns what was expected if it is none. */
function fromPrefix(text: string): Written | string {
  const bare = text.trim()
  const cidr = parseCidr(bare)
  if (cidr !== undefined) return { range: rangeOf(cidr.value), leadingZeros: cidr.leadingZeros }
  const single = parseAddress(bare)
  if (single === undefined) return EXPECTED
  return `a range; ${single.value} alone is written ${hostRange(unmapped(single.value))}`
}

function hostRange(address: Address): string {
  return `${address}/${familyOf(address) === 'ipv4' ? 32 : 128}`
}

/** Returns the addresses of a prefix; IPv4 that is written as IPv6 is IPv4. */
function rangeOf(cidr: Parameters<typeof cidrRange>[0]): AddressRange {
  const family = familyOf(cidr)
  const { first, last } = cidrRange(cidr)
  const [start, end] = [unmapped(addressOf(family, first)), unmapped(addressOf(family, last))]
  if (familyOf(start) !== familyOf(end)) return { family, first, last }
  return { family: familyOf(start), first: toBigInt(start), last: toBigInt(end) }
}

/** Special addresses are at both ends of a family, but for IPv4's loopback (`notSpecial`). */
function hasSpecial({ family, first, last }: AddressRange): boolean {
  const ends = [addressOf(family, first), addressOf(family, last)]
  if (ends.some((end) => notSpecial(end) !== undefined)) return true
  const loopback = 127n << 24n
  return family === 'ipv4' && first <= loopback && loopback <= last
}

function noteOverlaps(entries: readonly Entry[], report: Report): void {
  let reach: Entry | undefined
  for (const entry of entries.toSorted((a, b) => compareStart(a.range, b.range))) {
    const { range } = entry
    if (reach !== undefined && reach.range.family === range.family) {
      if (range.first <= reach.range.last) noteOverlap(entry, reach, report)
      if (range.last <= reach.range.last) continue
    }
    reach = entry
  }
}

function noteOverlap(entry: Entry, other: Entry, report: Report): void {
  const expected = `no address of ${other.path}, which is ${other.text}`
  report.note(entry.path, entry.text, expected, 'each address counts once')
}

function compareStart(a: AddressRange, b: AddressRange): number {
  if (a.family !== b.family) return a.family === 'ipv4' ? -1 : 1
  if (a.first === b.first) return 0
  return a.first < b.first ? -1 : 1
}

function printRange({ family, first, last }: AddressRange): string {
  return `${addressOf(family, first)}-${addressOf(family, last)}`
}
