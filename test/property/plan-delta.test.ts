import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planDelta } from '../../src/plan/nftables/delta.ts'
import { operationCount } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import type { Renderer } from '../../src/render/renderer.ts'
import { comparable, type KernelModel, kernelModel } from '../support/kernel-model.ts'
import { namespace, node, service, settings, slice } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const change = fc.oneof(
  service.map((value) => (to: Renderer) => to.setService(value)),
  service.map(
    ({ name }) =>
      (to: Renderer) =>
        to.removeService(`${namespace}/${name}`),
  ),
  slice.map((value) => (to: Renderer) => to.setSlice(value)),
  slice.map((value) => (to: Renderer) => to.setSlice(value)),
  slice.map(
    ({ name }) =>
      (to: Renderer) =>
        to.removeSlice(namespace, name),
  ),
)

test('the plan for a change leads where the plan for everything leads, with as many operations', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), settings, (changes, chosen) => {
      const renderer = createRenderer(node, chosen)
      renderer.takeChanges()
      const kernel = kernelModel()
      kernel.apply(plan({}, renderer.ruleset()))
      for (const apply of changes) {
        const before = { ip: renderer.frame('ip'), ip6: renderer.frame('ip6') }
        apply(renderer)
        follow(renderer, kernel, before)
        expect(comparable(kernel.ruleset())).toEqual(comparable(renderer.ruleset()))
      }
    }),
    { numRuns: runs(1_000) },
  )
})

function follow(
  renderer: Renderer,
  kernel: KernelModel,
  before: Record<'ip' | 'ip6', ReturnType<Renderer['frame']>>,
): void {
  const delta = renderer.takeChanges()
  const found = kernel.ruleset()
  const whole = plan(found, renderer.ruleset())
  for (const family of ['ip', 'ip6'] as const) {
    const old = before[family]
    const after = renderer.frame(family)
    const mine = whole.filter((operation) => operation.family === family)
    if (old === undefined || after === undefined) {
      kernel.apply(mine)
      continue
    }
    const shape = { chains: found[family]?.chains ?? new Map(), sets: old.sets }
    const elements = delta.elements.filter((element) => element.family === family)
    const frame = delta.frames.has(family) ? { before: shape, after } : undefined
    const steps = planDelta(family, elements, frame)
    // Deleting the elements of a set that goes anyway is not needed, but harmless in `plan`.
    expect(operationCount(steps)).toBeLessThanOrEqual(operationCount(mine))
    kernel.apply(steps)
  }
}
