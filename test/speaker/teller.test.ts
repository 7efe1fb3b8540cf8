import { expect, test } from 'vitest'
import type { Member } from '../../src/announce/member.ts'
import type { News } from '../../src/announce/step.ts'
import type { Address } from '../../src/model/address.ts'
import { Chores } from '../../src/speaker/chores.ts'
import type { SpeakerNews } from '../../src/speaker/news.ts'
import type { Outlook } from '../../src/speaker/outlook.ts'
import { Teller } from '../../src/speaker/teller.ts'
import { member } from '../announce/objects.ts'

const address = '192.0.2.1' as Address
const spot = { address, interface: 'eth0' }
const MAC = '02:00:00:00:00:02'
const place = { ...spot, services: ['shop/web'] as const }
const outlook: Outlook = {
  eligibility: { addresses: [], silences: [], problems: [] },
  announcements: new Map([
    [
      address,
      { ...place, address, interfaces: ['eth0'], candidates: [], parties: [], owner: 'n1' },
    ],
  ]),
  internal: new Map(),
}

function telling() {
  const told: SpeakerNews[] = []
  const chores = new Chores()
  return { told, chores, teller: new Teller((news) => told.push(news), chores) }
}

test.each<[string, News, SpeakerNews]>([
  ['taken', { kind: 'taken', spot, from: undefined }, { event: 'announce-taken', ...place }],
  [
    'handed over',
    { kind: 'taken', spot, from: 'n2' },
    { event: 'announce-taken', ...place, from: 'n2' },
  ],
  ['given', { kind: 'given', spot, to: 'n2' }, { event: 'announce-given', ...place, to: 'n2' }],
  ['given up', { kind: 'given', spot, to: undefined }, { event: 'announce-given', ...place }],
  [
    'held by a member',
    { kind: 'waits', spot, obstacle: { kind: 'held', mac: MAC } },
    { event: 'announce-held', ...place, mac: MAC, holder: 'n2' },
  ],
  [
    'held by one that asks as well',
    { kind: 'waits', spot, obstacle: { kind: 'held', mac: undefined } },
    { event: 'announce-held', ...place },
  ],
  [
    'in conflict',
    { kind: 'waits', spot, obstacle: { kind: 'conflict', mac: MAC } },
    { event: 'announce-conflict', ...place, mac: MAC },
  ],
  [
    'refused',
    { kind: 'waits', spot, obstacle: { kind: 'refused' } },
    { event: 'announce-refused', ...place },
  ],
  [
    'withdrawn',
    { kind: 'withdrawn', spot, mac: MAC },
    { event: 'announce-withdrawn', ...place, mac: MAC },
  ],
  [
    'disputed',
    { kind: 'disputed', spot, mac: MAC },
    { event: 'announce-disputed', ...place, mac: MAC },
  ],
  [
    'undisputed',
    { kind: 'undisputed', spot, mac: MAC },
    { event: 'announce-undisputed', ...place, mac: MAC },
  ],
  ['silent', { kind: 'ran-out' }, { event: 'announcing-interrupted' }],
])('an address that is %s is told of with its Services', (_, news, expected) => {
  const { told, chores, teller } = telling()
  teller.news([news], outlook, [member('n2', { macs: [MAC] })])
  expect(told).toEqual([])
  chores.finish()
  expect(told).toEqual([expected])
})

test('each change of a member is told once, and its end', () => {
  const { told, teller } = telling()
  const states: readonly (readonly Member[])[] = [
    [member('n2')],
    [member('n2')],
    [member('n2', { state: 'stale' }), member('n3', { state: 'dead' })],
    [],
  ]
  for (const members of states) teller.members(members)
  expect(told).toEqual([
    { event: 'member-changed', member: 'n2', state: 'live' },
    { event: 'member-changed', member: 'n2', state: 'stale' },
    { event: 'member-changed', member: 'n3', state: 'dead' },
    { event: 'member-changed', member: 'n2', state: 'dead' },
  ])
})

test('an interface that is refused is told of until it is not', () => {
  const { told, teller } = telling()
  teller.refused(new Map([['eth0', 'ENODEV']]))
  teller.refused(new Map())
  expect(told).toEqual([
    { event: 'interface-refused', interface: 'eth0', reason: 'ENODEV' },
    { event: 'interface-accepted', interface: 'eth0' },
  ])
})
