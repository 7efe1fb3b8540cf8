import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import type { Renderer } from '../../src/render/renderer.ts'
import {
  endpointsMap,
  type Front,
  type Reach,
  seatedMap,
  seatMap,
  setsOf,
  splitNumber,
} from '../../src/ruleset/nftables/sets.ts'
import type { Table } from '../../src/ruleset/nftables/types.ts'
import { chainCalledBy, remembering } from '../../src/ruleset/nftables/verdicts.ts'
import { node, service, settings, slice } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const change = fc.oneof(
  service.map((value) => (to: Renderer) => to.setService(value)),
  service.map(
    ({ name }) =>
      (to: Renderer) =>
        to.removeService(`default/${name}`),
  ),
  slice.map((value) => (to: Renderer) => to.setSlice(value)),
  slice.map((value) => (to: Renderer) => to.setSlice(value)),
)

test('who serves an address with affinity has a seat of its own, and keeps it', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), settings, (changes, chosen) => {
      const renderer = createRenderer(node, chosen)
      let before = new Map<string, number>()
      for (const apply of changes) {
        apply(renderer)
        renderer.takeChanges()
        const after = new Map(
          Object.values(renderer.ruleset()).flatMap((table) => [...seatsOf(table)]),
        )
        for (const [seated, seat] of before) {
          if (after.has(seated)) expect([seated, after.get(seated)]).toEqual([seated, seat])
        }
        before = after
      }
    }),
    { numRuns: runs(2_000) },
  )
})

/** Address and endpoint, and the seat, by the chains that clients are remembered in. */
function seatsOf(table: Table): ReadonlyMap<string, number> {
  const seats = new Map<string, number>()
  for (const front of ['vip', 'node-port'] as const) {
    for (const [key, value] of table.elements.get(seatedMap(front)) ?? []) {
      const { seat } = remembering(chainCalledBy(value) ?? '') ?? { seat: -1 }
      seats.set(`${front} ${key}`, seat)
    }
    for (const reach of ['cluster', 'local'] as const) expectSeated(table, front, reach, seats)
  }
  return seats
}

/** The endpoints of sticky addresses, and no others, are found in the seats noted for them. */
function expectSeated(
  { elements }: Table,
  front: Front,
  reach: Reach,
  seats: ReadonlyMap<string, number>,
): void {
  const steps = [...elements].filter(([name]) => name.startsWith(`sticky-${setsOf(front).known}-`))
  for (const [key, { data }] of elements.get(endpointsMap(front, reach)) ?? []) {
    const vip = key.slice(0, key.lastIndexOf(' . ')) as typeof key
    const step = steps.filter(([, keys]) => keys.has(vip)).map(([name]) => splitNumber(name)?.[1])
    const seat = seats.get(`${front} ${vip} . ${data}`)
    if (step.length === 0) expect(seat).toBeUndefined()
    else {
      expect(step).toEqual([expect.any(Number)])
      expect(seat).toBeLessThan(step[0] ?? 0)
      expect(elements.get(seatMap(front, reach, seat ?? -1))?.get(vip)?.data).toBe(data)
    }
  }
}
