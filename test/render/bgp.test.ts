import { expect, test } from 'vitest'
import { classesOf, takeFree } from '../../src/render/bgp/classes.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { peer, route, wanted } from '../golden/bgp-cases.ts'

const A = '10.0.0.254'

test('a class keeps its tag and place while others come and go', () => {
  const many = Array.from({ length: 600 }, (_, at) =>
    route(`198.51.100.${at % 256}/32`, [A], { communities: [`64500:${at}`] }),
  )
  const places = new Map([[A, A]])
  const tags = classesOf(many, places).map(({ tag }) => tag)
  expect(new Set(tags).size).toBe(600)
  for (const each of many.slice(0, 20)) {
    expect(tags).toContain(classesOf([each], places)[0]?.tag)
  }
})

test('a number that is taken gives way to the next that is free, and the last to the first', () => {
  const taken = new Set<number>()
  expect([1, 1, 4, 1, 9].map((hash) => takeFree(hash, 5, taken))).toEqual([2, 3, 5, 4, 1])
})

test('of a thousand classes each has an entry of its own in a map of a peer', () => {
  const many = Array.from({ length: 1_000 }, (_, at) =>
    route(`198.51.${at >> 8}.${at & 255}/32`, [A], { communities: [`64500:${at}`] }),
  )
  const tree = treeOf(wanted([peer(A)], many))
  const entries = [...tree].filter(([context]) => context.startsWith(`route-map nodelb-out-${A}`))
  expect(entries).toHaveLength(1_001)
  const matched = entries.flatMap(([, lines]) =>
    [...lines].filter((line) => line.startsWith('match tag ')),
  )
  expect(new Set(matched).size).toBe(1_000)
})
