import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Reason, reasonWord } from '../../src/allocate/reason.ts'

const DOCUMENT = new URL('../../docs/addresses.md', import.meta.url)

/** Every kind of reason; the compiler refuses one that is missing here. */
const kinds: Readonly<Record<Reason['kind'], true>> = {
  kept: true,
  'asked-for': true,
  'pool-named': true,
  'pool-chosen': true,
  joined: true,
  'family-added': true,
  stranded: true,
  'wish-unmet': true,
  'family-missing': true,
  'left-alone': true,
  leaving: true,
  'no-pools': true,
  'no-room': true,
  'pool-unknown': true,
  'pool-unread': true,
  'pool-closed': true,
  'pool-without-family': true,
  'pool-full': true,
  'address-taken': true,
  'address-reserved': true,
  'address-avoided': true,
  'outside-pools': true,
  'pools-disagree': true,
  'pools-differ': true,
  'wrong-families': true,
  'wish-unreadable': true,
  'on-nodes': true,
  'no-node': true,
  'no-node-address': true,
  'no-nodes-known': true,
  'pool-address-kept': true,
}

/** What the controller says by itself (src/controller/wanted.ts and hand-over.ts). */
const OWN = ['Released', 'Exchanging']

test('docs/addresses.md lists every reason that a condition can have, and no other', () => {
  const [, table = ''] = readFileSync(DOCUMENT, 'utf8').split('| Reason | What it says |')
  const rows = (table.split('\n\n')[0] ?? '').split('\n').map((row) => row.split('|')[1] ?? '')
  const told = rows.flatMap((cell) => cell.match(/`\w+`(?=,|\s*$)/g) ?? [])
  const words = Object.keys(kinds).map((kind) => reasonWord({ kind } as Reason))
  expect(told.map((word) => word.replaceAll('`', '')).sort()).toEqual([...words, ...OWN].sort())
})
