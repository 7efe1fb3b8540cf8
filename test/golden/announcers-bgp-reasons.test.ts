import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { BgpSilenceReason } from '../../src/announce/bgp/silence.ts'
import type { WithheldReason } from '../../src/announce/bgp/why.ts'

const docs = readFileSync(new URL('../../docs/bgp.md', import.meta.url), 'utf8')

// Every kind of reason; the compiler refuses one that is missing here.
const silences: Readonly<Record<BgpSilenceReason['kind'], true>> = {
  'no-address': true,
  'other-class': true,
  'no-pool': true,
  'pools-differ': true,
  'no-advertisement': true,
  'advertisement-unusable': true,
  'service-not-selected': true,
  'node-not-selected': true,
  'network-unavailable': true,
  excluded: true,
  cordoned: true,
  'no-endpoint': true,
  'no-local-endpoint': true,
  'local-endpoints-end': true,
  'no-peer': true,
  'conflicting-local-pref': true,
  'too-many-communities': true,
}
const withheld: Readonly<Record<WithheldReason['kind'], true>> = {
  'peer-not-named': true,
  'other-family': true,
  'echo-mode': true,
}

test.each([
  ['| `bgp.services[].reason`, for all peers |', silences],
  ['| `bgp.services[].reason`, for one peer |', withheld],
])('docs/bgp.md lists every reason in the row %s and no other', (row, kinds) => {
  const [, rest = ''] = (docs.split('\n').find((line) => line.startsWith(row)) ?? '').split(row)
  const told = (rest.match(/`[a-z][a-z-]*`/g) ?? []).map((word) => word.replaceAll('`', ''))
  expect(told.sort()).toEqual(Object.keys(kinds).sort())
})
