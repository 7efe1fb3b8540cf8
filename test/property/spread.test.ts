import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address, Port } from '../../src/model/address.ts'
import type { Cluster } from '../../src/model/service.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Ruleset } from '../../src/ruleset/nftables/types.ts'
import { trace } from '../../src/trace/nftables/trace.ts'
import { originOf } from '../../src/trace/packet.ts'
import { makeCluster, makeSlices, settings } from '../bench/cluster.ts'
import { comparable, kernelModel } from '../support/kernel-model.ts'
import { facts, view } from '../support/random-packets.ts'
import { runs } from '../support/runs.ts'

/** Numbers of endpoints, Service by Service: small ones, those of one range, and any. */
const counts = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 15, max: 24 }),
    fc.integer({ min: 1, max: 300 }),
  ),
  { minLength: 1, maxLength: 20 },
)

function withCounts(each: readonly number[]): Cluster {
  const size = { services: each.length, endpoints: 300, dualStack: false, external: false }
  return {
    services: makeCluster({ ...size, endpoints: 0 }).services,
    slices: each.flatMap((count, service) => makeSlices(size, service, count)),
  }
}

function odds(ruleset: Ruleset, service: number): readonly string[] {
  const from = '10.244.1.10' as Address
  const to = `10.0.0.${service + 1}` as Address
  const origin = originOf(from, facts)
  const sent = { from, to, protocol: 'tcp', port: 80 as Port, origin } as const
  const { paths } = trace(ruleset, sent, facts)
  const ends = paths.map(({ odds, state }) => `${state.destination} ${odds.toFixed(9)}`)
  expect(new Set(ends).size).toBe(ends.length)
  return ends
}

test('whatever numbers of endpoints are in use, one endpoint is as likely as the next', () => {
  fc.assert(
    fc.property(counts, (each) => {
      const ruleset = renderCluster(withCounts(each), view, settings).ruleset()
      for (const [service, count] of each.entries()) {
        const ends = odds(ruleset, service)
        expect(ends).toHaveLength(Math.max(1, count))
        for (const end of ends) expect(end).toMatch(new RegExp(` ${share(count)}$`))
      }
    }),
    { numRuns: runs(300) },
  )
})

function share(count: number): string {
  return (1 / Math.max(1, count)).toFixed(9)
}

test('ranges of counts come and go with the Services that have them', () => {
  fc.assert(
    fc.property(fc.array(counts, { minLength: 2, maxLength: 4 }), (steps) => {
      const kernel = kernelModel()
      for (const each of steps) {
        const found = kernel.ruleset()
        const wanted = renderCluster(
          withCounts(each),
          view,
          settings,
          kernelMemory(found),
        ).ruleset()
        kernel.apply(plan(found, wanted))
        expect(comparable(kernel.ruleset())).toEqual(comparable(wanted))
        expect(plan(kernel.ruleset(), wanted)).toEqual([])
      }
    }),
    { numRuns: runs(500) },
  )
})
