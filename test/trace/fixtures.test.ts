import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/plan/plan.ts'
import { kernelMemory } from '../../src/render/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Ruleset } from '../../src/ruleset/types.ts'
import { type PacketFixture, packetFixtures } from '../support/fixtures.ts'
import { fixtureGoal } from '../support/goal.ts'
import { kernelModel } from '../support/kernel-model.ts'
import type { Expectation } from '../support/packets.ts'
import { tracedDisappointment } from '../support/traced-packets.ts'

/** What real packets do in test/packets, the tracer has to say. */
describe('the tracer agrees with the packets of', () => {
  for (const fixture of packetFixtures()) {
    test(`${fixture.name}: ${fixture.sentence}`, () => {
      const sent = play(fixture)
      expect(sent.length).toBeGreaterThan(0)
      expect(sent.flatMap(({ complaint }) => complaint ?? [])).toEqual([])
    })
  }
})

interface Sent {
  readonly expected: Expectation
  readonly complaint: string | undefined
}

function play({ node, steps }: PacketFixture): readonly Sent[] {
  const kernel = kernelModel()
  const folder = node.slice(0, -'/node.yaml'.length)
  return steps.flatMap(({ input, packets }) => {
    const { cluster, node: view, settings } = fixtureGoal(folder, basename(input))
    const found = kernel.ruleset()
    const ruleset: Ruleset = renderCluster(cluster, view, settings, kernelMemory(found)).ruleset()
    kernel.apply(plan(found, ruleset))
    return packets.map((expected) => ({
      expected,
      complaint: tracedDisappointment(ruleset, expected),
    }))
  })
}
