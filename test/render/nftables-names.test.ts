import { expect, test } from 'vitest'
import { vipKey } from '../../src/model/frontend-id.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { namesIn } from '../../src/render/nftables/table.ts'
import { rememberedFor } from '../../src/render/remembered-times.ts'
import { endpointsMap, seatedMap } from '../../src/ruleset/nftables/sets.ts'
import type { ElementValue } from '../../src/ruleset/nftables/types.ts'
import { goTo, rememberChain } from '../../src/ruleset/nftables/verdicts.ts'

const WEB = vipKey('10.96.0.1', 'tcp', 80)
const POD = tuple('10.244.1.1', 8080)

test('a frame has the chains that elements lead to, and none for the verdicts of other programs', () => {
  const map = seatedMap('vip')
  const chain = rememberChain(60, 3)
  const elements = new Map<Tuple, ElementValue>([
    [tuple(WEB, POD), { data: goTo(chain) }],
    [tuple(WEB, tuple('10.244.1.2', 8080)), { data: 'accept' as Tuple }],
  ])
  expect(namesIn(new Map([[map, elements]]))).toEqual(new Set([map, chain]))
})

test('a slot that nodelb never made is not remembered: it takes an array as long as its number', () => {
  const map = endpointsMap('vip', 'cluster')
  const elements = new Map<Tuple, ElementValue>([
    [tuple(WEB, 0), { data: POD }],
    [tuple(WEB, 4_000_000_000), { data: POD }],
    [tuple(WEB, 'x'), { data: POD }],
  ])
  const table = { family: 'ip' as const, sets: new Map(), chains: new Map() }
  const memory = kernelMemory({ ip: { ...table, elements: new Map([[map, elements]]) } })
  expect(memory('ip').slots(map, WEB)).toEqual([{ data: POD }])
})

test.each([
  [1, 1],
  [59, 60],
  [61, 90],
  [10_800, 10_800],
  [86_400, 86_400],
  // Only a former version asked for more.
  [86_401, 86_401],
])('clients that are to be remembered for %i s are remembered for %i s', (asked, seconds) => {
  expect(rememberedFor(asked)).toBe(seconds)
})
