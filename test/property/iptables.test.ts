import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/model/service.ts'
import { planChanges } from '../../src/plan/iptables/plan.ts'
import { createChains, renderChains, takeChainChanges } from '../../src/render/iptables/render.ts'
import { CHAINS } from '../../src/ruleset/iptables/chains.ts'
import type { IptablesChains, IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import {
  node as benchNode,
  settings as benchSettings,
  makeCluster,
  makeSlices,
} from '../bench/cluster.ts'
import { chainsFor } from '../support/chains.ts'
import { change, keptObjects } from '../support/changes.ts'
import { iptablesModel, packetsOf, ruleFor } from '../support/iptables-model.ts'
import { planIptables } from '../support/plan-iptables.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

/** Maps in an order of their own. */
function comparable(ruleset: IptablesRuleset): unknown {
  return (['ip', 'ip6'] as const).map((family) =>
    [...(ruleset[family] ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([table, { chains, jumps }]) => [table, [...chains].sort(), [...jumps].sort()]),
  )
}

const possible = settings.map((each) => ({
  ...each,
  target: each.scope === 'all' ? ('pods' as const) : each.target,
}))

describe('iptables over random clusters and changes', () => {
  test('each plan leads to what is wanted, and then is empty', () => {
    const clusters = fc.array(cluster, { minLength: 2, maxLength: 3 })
    fc.assert(
      fc.property(clusters, possible, (each, chosen) => {
        const model = iptablesModel()
        for (const next of each) {
          const wanted = chainsFor(next, node, chosen)
          for (const step of planIptables(model.ruleset(), wanted)) model.apply(step)
          expect(comparable(model.ruleset())).toEqual(comparable(wanted))
          expect(planIptables(model.ruleset(), wanted)).toEqual([])
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('chains that follow changes end where those of all objects at once end', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), possible, (changes, chosen) => {
        const chains = createChains(node, chosen)
        const objects = keptObjects()
        const model = iptablesModel()
        for (const step of planChanges(takeChainChanges(chains).tables)) model.apply(step)
        for (const each of changes) {
          each(chains.services)
          each(objects)
          for (const step of planChanges(takeChainChanges(chains).tables)) model.apply(step)
          const wanted = comparable(chainsFor(objects.cluster(), node, chosen))
          expect(comparable(chains.lowering.rules())).toEqual(wanted)
          expect(comparable(model.ruleset())).toEqual(wanted)
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('no address that is restricted before or after is open in between', () => {
    fc.assert(
      fc.property(changedCluster, possible, ([before, after], chosen) => {
        const [old, next] = [before, after].map((each) => chainsFor(each, node, chosen))
        const model = iptablesModel()
        for (const step of planIptables({}, old ?? {})) model.apply(step)
        for (const step of planIptables(old ?? {}, next ?? {})) {
          model.apply(step)
          // Once what is served is what should be, what should be guarded is what counts.
          const settled = isDeepStrictEqual(servedBy(model.ruleset()), servedBy(next))
          const present = model.ruleset().ip?.get('mangle')?.chains ?? new Map()
          for (const vip of restrictedVips(settled ? next : old)) {
            const rule = ruleFor(present, CHAINS.sources, packetsOf(vip, OUTSIDER))
            if (isServed(model.ruleset(), vip)) expect(rule, vip).toBe('-j DROP')
          }
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('one endpoint changes the chains of its Service alone', () => {
    const size = { services: 2_000, endpoints: 3, dualStack: true, external: true }
    const chains = renderChains(makeCluster(size), benchNode, benchSettings)
    for (const index of [7, 50, 1_999]) {
      for (const each of makeSlices(size, index, 3, index + 1)) chains.services.setSlice(each)
      const changed = takeChainChanges(chains).tables.flatMap(({ chains: all }) => [...all.keys()])
      // ClusterIP, load balancer and NodePort, in two families.
      expect(changed.filter((chain) => chain.startsWith('NODELB-S-'))).toHaveLength(6)
      expect(changed.length).toBeLessThanOrEqual(8)
    }
  })

  test('the order in which objects arrive does not show', () => {
    fc.assert(
      fc.property(cluster, possible, fc.infiniteStream(fc.nat()), (each, chosen, random) => {
        const chains = createChains(node, chosen)
        const events = [
          ...each.services.map((value) => () => chains.services.setService(value)),
          ...each.slices.map((value) => () => chains.services.setSlice(value)),
        ]
          .map((event) => ({ event, rank: random.next().value }))
          .sort((a, b) => a.rank - b.rank)
        for (const { event } of events) {
          event()
          if (random.next().value % 2 === 0) takeChainChanges(chains)
        }
        takeChainChanges(chains)
        const whole = chainsFor(each, node, chosen)
        expect([...flat(chains.lowering.rules())]).toEqual([...flat(whole)])
      }),
      { numRuns: runs(500) },
    )
  })
})

/** With every order that there is. */
function* flat(ruleset: IptablesRuleset | undefined): Iterable<unknown> {
  for (const family of ['ip', 'ip6'] as const) {
    for (const [table, { chains, jumps }] of ruleset?.[family] ?? []) {
      yield [family, table, [...chains], [...jumps]]
    }
  }
}

/**
 * Before and after a change that leaves each Service as it was, or gives it other source ranges
 * alone, or another Service's everything: so what is guarded and what is served change together,
 * and each without the other.
 */
const changedCluster: fc.Arbitrary<readonly [Cluster, Cluster]> = fc
  .tuple(cluster, cluster, fc.infiniteStream(fc.constantFrom('kept', 'ranges', 'all')))
  .map(([before, other, changes]) => {
    const services = before.services.map((service, at) => {
      const another = other.services[at]
      const changed = changes.next().value
      if (another === undefined || changed === 'kept') return service
      if (changed === 'ranges') return { ...service, sourceRanges: another.sourceRanges }
      return { ...another, name: service.name }
    })
    const slices = changes.next().value === 'all' ? other.slices : before.slices
    return [before, { services, slices }]
  })

/** Not in any range of the clusters. */
const OUTSIDER = '198.51.100.7'

function restrictedVips(ruleset: IptablesRuleset | undefined): readonly string[] {
  const rules = [...(ruleset?.ip?.get('mangle')?.chains.values() ?? [])].flat()
  return rules.flatMap((rule) => {
    const [, address, protocol, port] = /^-d (\S+)\/32 -p (\S+) .*--dport (\d+) /.exec(rule) ?? []
    return address === undefined ? [] : [`${address} . ${protocol} . ${port}`]
  })
}

function servedBy(ruleset: IptablesRuleset | undefined): IptablesChains['chains'] {
  return ruleset?.ip?.get('nat')?.chains ?? new Map()
}

function isServed(ruleset: IptablesRuleset, vip: string): boolean {
  const chains = servedBy(ruleset)
  return ruleFor(chains, CHAINS.vips, packetsOf(vip, OUTSIDER)) !== undefined
}
