// The lists of xt_recent, which remember clients: <linux/netfilter/xt_recent.h>.

import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import { type Address, parseAddress } from '../../model/address.ts'

const LISTS = '/proc/thread-self/net/xt_recent'

/**
 * Returns the lists that the client is on. `lists` has the seconds that a client stays on each
 * list; older entries remain in the listing until another client comes. Needs CAP_NET_ADMIN.
 */
export function listsWith(
  client: Address,
  lists: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const now = jiffies()
  const found = [...lists].filter(([name, seconds]) => {
    const seen = lastSeen(client, readList(name))
    return seen !== undefined && now.secondsSince(seen) <= seconds
  })
  return new Set(found.map(([name]) => name))
}

/** Returns the empty string where no rule uses the list any more. */
function readList(name: string): string {
  try {
    return readFileSync(`${LISTS}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

/**
 * Returns when the client was last seen, in jiffies, from lines such as `src=192.0.2.2 ttl: 64
 * last_seen: 4301090347 oldest_pkt: 1 …`; undefined where it is not listed.
 */
export function lastSeen(client: Address, text: string): bigint | undefined {
  for (const line of text.split('\n')) {
    const [, source = '', seen] = /^src=(\S+) .*\blast_seen: (\d+)/.exec(line) ?? []
    if (seen !== undefined && parseAddress(source)?.value === client) return BigInt(seen)
  }
  return undefined
}

/** <linux/time.h>; the resolution of this clock is the kernel's tick. */
const CLOCK_MONOTONIC_COARSE = 6

/**
 * Estimates the current jiffy, which the kernel does not show. Jiffies begin at -300 s when the
 * monotonic clock begins (INITIAL_JIFFIES of <linux/jiffies.h>), give or take the second that
 * booting took.
 */
function jiffies(): { secondsSince(seen: bigint): number } {
  const clockGetRes = koffi.load(null).func('int clock_getres(int, _Out_ long *)')
  const resolution = [0, 0]
  clockGetRes(CLOCK_MONOTONIC_COARSE, resolution)
  const perSecond = Math.round(1e9 / (resolution[1] || 1e9))
  const monotonic = Number(process.hrtime.bigint()) / 1e9
  const now = BigInt(Math.round((monotonic - 300) * perSecond))
  return {
    secondsSince: (seen) => Math.max(0, Number(BigInt.asIntN(32, now - seen)) / perSecond),
  }
}
