import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LeftOutReason } from '../../src/announce/left-out.ts'
import type { SilenceReason } from '../../src/announce/silence.ts'
import type { FirstReason } from '../../src/announce/why-first.ts'

const docs = readFileSync(new URL('../../docs/layer2.md', import.meta.url), 'utf8')

// Every kind of reason; the compiler refuses one that is missing here.
const first: Readonly<Record<FirstReason['kind'], true>> = {
  only: true,
  hash: true,
  preferred: true,
  'preferred-hash': true,
}
const leftOut: Readonly<Record<LeftOutReason['kind'], true>> = {
  away: true,
  'network-unavailable': true,
  excluded: true,
  departing: true,
  'no-agent': true,
  'not-selected': true,
  'no-interface': true,
  'no-endpoint': true,
}
const silences: Readonly<Record<SilenceReason['kind'], true>> = {
  'no-address': true,
  'other-class': true,
  'no-endpoint': true,
  'no-pool': true,
  'pools-differ': true,
  'no-advertisement': true,
  'service-not-selected': true,
  'sharing-selected': true,
  'no-node': true,
}

test.each([
  ['| `addresses[].reason` |', '|', first],
  ['| `addresses[].leftOut[]` |', 'the reason is', leftOut],
  ['| `services[]` |', 'the reason is', silences],
])('docs/layer2.md lists every reason in the row %s and no other', (row, from, kinds) => {
  const [, rest = ''] = (docs.split('\n').find((line) => line.startsWith(row)) ?? '').split(row)
  const listed = rest.slice(from === '|' ? 0 : rest.indexOf(from)).match(/`[a-z][a-z-]*`/g) ?? []
  const told = listed.map((word) => word.replaceAll('`', ''))
  expect(told.sort()).toEqual(Object.keys(kinds).sort())
})
