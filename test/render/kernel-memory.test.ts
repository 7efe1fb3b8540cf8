import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { vipKey } from '../../src/model/frontend-id.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import type { FamilyMemory } from '../../src/render/nftables/emit.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { endpointsMap } from '../../src/ruleset/nftables/sets.ts'
import type { ElementValue } from '../../src/ruleset/nftables/types.ts'

const WEB = vipKey('10.96.0.1', 'tcp', 80)
const SLOTS = [tuple('10.0.0.2', 8080), tuple('10.0.0.1', 8080)]
const MAP = endpointsMap('vip', 'cluster')

function remembered(): { readonly memory: FamilyMemory; readonly elements: WeakRef<object> } {
  const endpoints = SLOTS.map((data, slot) => [tuple(WEB, slot), { data }] as const)
  const elements = new Map([[MAP, new Map<Tuple, ElementValue>(endpoints)]])
  const table = { sets: new Map(), chains: new Map() }
  const memory = kernelMemory({ ip: { ...table, family: 'ip', elements } })
  return { memory, elements: new WeakRef(elements) }
}

test('slots are remembered until they are told, and the table is not held', async () => {
  const { memory, elements } = remembered()
  // A WeakRef holds what it is made of until the job that made it is over.
  await pause(0)
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  expect(elements.deref()).toBeUndefined()
  expect(memory('ip').slots(MAP, WEB)).toEqual(SLOTS.map((data) => ({ data })))
  expect(memory('ip').slots(MAP, WEB)).toEqual([])
})
