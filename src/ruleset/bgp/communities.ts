/**
 * The names that FRR prints for well-known communities (`community.c` of FRR 8.4). `internet` (0:0) is
 * not among them: later versions print the number.
 */
const NAMES: Readonly<Record<string, string>> = {
  '65535:0': 'graceful-shutdown',
  '65535:1': 'accept-own',
  '65535:2': 'route-filter-translated-v4',
  '65535:3': 'route-filter-v4',
  '65535:4': 'route-filter-translated-v6',
  '65535:5': 'route-filter-v6',
  '65535:6': 'llgr-stale',
  '65535:7': 'no-llgr',
  '65535:8': 'accept-own-nexthop',
  '65535:666': 'blackhole',
  '65535:65281': 'no-export',
  '65535:65282': 'no-advertise',
  '65535:65283': 'local-AS',
  '65535:65284': 'no-peer',
}

const NUMBERS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(NAMES).map(([number, name]): [string, string] => [name, number]),
  ['internet', '0:0'],
])

/** Returns communities (`64500:1`, or a name of FRR's) as FRR prints them: sorted, each once. */
export function printCommunities(communities: Iterable<string>): string {
  const numbers = [...communities].map((each) => NUMBERS.get(each) ?? each)
  return sorted(numbers)
    .map((number) => NAMES[number] ?? number)
    .join(' ')
}

/** Returns large communities (`64500:1:2`) sorted, each once. */
export function printLargeCommunities(communities: Iterable<string>): string {
  return sorted(communities).join(' ')
}

function sorted(communities: Iterable<string>): readonly string[] {
  const keyed = [...new Set(communities)].map((text) => ({ text, key: numberOf(text) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ text }) => text)
}

/** Each part has at most 32 bits; behind all numbers stands FRR's word "additive". */
function numberOf(community: string): bigint {
  if (!/^\d+(?::\d+)*$/.test(community)) return 1n << 96n
  return community.split(':').reduce((value, part) => (value << 32n) | BigInt(part), 0n)
}
