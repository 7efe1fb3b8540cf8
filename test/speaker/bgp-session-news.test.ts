import { expect, test } from 'vitest'
import { readSessions, type WatchedSession } from '../../src/apply/bgp/sessions.ts'
import { present } from '../../src/model/present.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { SessionNews } from '../../src/speaker/bgp/session-news.ts'
import { decided } from '../announce/bgp/objects.ts'

const { peers } = decided({})
const summary = { '10.0.0.1': {} }
const [rest] = readSessions(JSON.stringify({ default: { ipv4Unicast: { peers: summary } } })) ?? []

function session(state: string, established: number): WatchedSession {
  return { ...present(rest), state, established, bfd: undefined }
}

/** What is told after each look at the session with the peer `tor`, in short. */
function told(...looks: readonly (WatchedSession | undefined)[]): readonly string[] {
  const all: BgpNews[] = []
  const news = new SessionNews((each) => all.push(each))
  for (const look of looks) {
    news.found(peers, look === undefined ? [] : [look])
    all.push({ event: 'bgp-in-order', object: '' })
  }
  const words = all.map(({ event }) => event.replace('bgp-session-', ''))
  return words
    .join(' ')
    .split(/ ?bgp-in-order ?/)
    .slice(0, -1)
}

test.each<[string, readonly (WatchedSession | undefined)[], readonly string[]]>([
  ['comes about', [session('Connect', 0), session('Established', 1)], ['', 'up']],
  ['goes on', [session('Established', 1), session('Established', 1)], ['up', '']],
  ['ends', [session('Established', 1), session('Active', 1)], ['up', 'down']],
  ['stays away', [session('Active', 1), session('Idle', 1)], ['', '']],
  [
    'was reset between two looks',
    [session('Established', 1), session('Established', 2)],
    ['up', 'down up'],
  ],
  ['ends with FRR', [session('Established', 1), undefined], ['up', 'down']],
])('a session that %s', (_, looks, expected) => {
  expect(told(...looks)).toEqual(expected)
})
