import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/plan/nftables/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { change, keptObjects } from '../support/changes.ts'
import { comparable, kernelModel } from '../support/kernel-model.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const RUNS = runs(10_000)

describe('plans over random clusters and changes', () => {
  test(`${RUNS} random sequences of changes: each plan leads to what is wanted, and then is empty`, () => {
    fc.assert(
      fc.property(
        fc.array(cluster, { minLength: 2, maxLength: 3 }),
        settings,
        (clusters, chosen) => {
          const kernel = kernelModel()
          for (const each of clusters) {
            const found = kernel.ruleset()
            const wanted = renderCluster(each, node, chosen, kernelMemory(found)).ruleset()
            kernel.apply(plan(found, wanted))
            expect(comparable(kernel.ruleset())).toEqual(comparable(wanted))
            expect(plan(kernel.ruleset(), wanted)).toEqual([])
            const again = renderCluster(each, node, chosen, kernelMemory(kernel.ruleset()))
            expect(plan(kernel.ruleset(), again.ruleset())).toEqual([])
          }
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('the order in which objects arrive does not show', () => {
    fc.assert(
      fc.property(cluster, settings, fc.infiniteStream(fc.nat()), (each, chosen, random) => {
        const shuffled = <Value>(values: readonly Value[]): Value[] =>
          values
            .map((value) => ({ value, rank: random.next().value }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ value }) => value)
        const renderer = createRenderer(node, chosen)
        const events = shuffled([
          ...each.services.map((value) => () => renderer.setService(value)),
          ...each.slices.map((value) => () => renderer.setSlice(value)),
        ])
        for (const event of events) event()
        renderer.takeChanges()
        const expected = renderCluster(each, node, chosen).ruleset()
        expect(comparable(renderer.ruleset())).toEqual(comparable(expected))
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('rendering step by step ends where rendering at once with the same memory ends', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), settings, (changes, chosen) => {
        const renderer = createRenderer(node, chosen)
        const objects = keptObjects()
        renderer.takeChanges()
        for (const each of changes) {
          each(renderer)
          each(objects)
          renderer.takeChanges()
        }
        const kernel = kernelModel()
        kernel.apply(plan({}, renderer.ruleset()))
        const whole = renderCluster(objects.cluster(), node, chosen, kernelMemory(kernel.ruleset()))
        expect(comparable(renderer.ruleset())).toEqual(comparable(whole.ruleset()))
        expect(renderer.denials()).toEqual(whole.denials())
      }),
      { numRuns: runs(1_000) },
    )
  })
})
