import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planChanges, planIptables } from '../../src/plan/iptables/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { IptablesLowering, lower } from '../../src/render/iptables/lowering.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Renderer } from '../../src/render/renderer.ts'
import { CHAINS } from '../../src/ruleset/iptables/chains.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import {
  node as benchNode,
  settings as benchSettings,
  makeCluster,
  makeSlices,
} from '../bench/cluster.ts'
import { iptablesModel, packetsOf, ruleFor } from '../support/iptables-model.ts'
import { cluster, namespace, node, service, settings, slice } from '../support/random-cluster.ts'
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

describe('iptables over random clusters and changes', () => {
  test('each plan leads to what is wanted, and then is empty', () => {
    const clusters = fc.array(cluster, { minLength: 2, maxLength: 3 })
    fc.assert(
      fc.property(clusters, possible, (each, chosen) => {
        const model = iptablesModel()
        for (const next of each) {
          const wanted = lower(renderCluster(next, node, chosen).ruleset(), chosen)
          for (const step of planIptables(model.ruleset(), wanted)) model.apply(step)
          expect(comparable(model.ruleset())).toEqual(comparable(wanted))
          expect(planIptables(model.ruleset(), wanted)).toEqual([])
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('lowering change by change ends where lowering everything at once ends', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), possible, (changes, chosen) => {
        const renderer = createRenderer(node, chosen)
        renderer.settle()
        const lowering = new IptablesLowering(chosen)
        const model = iptablesModel()
        for (const step of planChanges(lowering.update(renderer.ruleset()))) model.apply(step)
        for (const each of changes) {
          each(renderer)
          const { elements } = renderer.settle()
          const steps = planChanges(lowering.update(renderer.ruleset(), elements))
          for (const step of steps) model.apply(step)
          const wanted = comparable(lower(renderer.ruleset(), chosen))
          expect(comparable(lowering.rules())).toEqual(wanted)
          expect(comparable(model.ruleset())).toEqual(wanted)
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('no address that is restricted before or after is open in between', () => {
    fc.assert(
      fc.property(cluster, cluster, possible, (before, after, chosen) => {
        const [old, next] = [before, after].map((each) =>
          lower(renderCluster(each, node, chosen).ruleset(), chosen),
        )
        const model = iptablesModel()
        for (const step of planIptables({}, old ?? {})) model.apply(step)
        let guarded = restrictedVips(old)
        for (const step of planIptables(old ?? {}, next ?? {})) {
          model.apply(step)
          // From here on what is served is what shall be.
          if (step.table === 'nat') guarded = restrictedVips(next)
          const present = model.ruleset().ip?.get('mangle')?.chains ?? new Map()
          for (const vip of guarded) {
            const rule = ruleFor(present, CHAINS.sources, packetsOf(vip, OUTSIDER))
            if (isServed(model.ruleset(), vip)) expect(rule, vip).toBe('-j DROP')
          }
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('one endpoint changes the chains of its Service alone, and is lowered alone', () => {
    const size = { services: 2_000, endpoints: 3, dualStack: true, external: true }
    const renderer = createRenderer(benchNode, benchSettings)
    const { services, slices } = makeCluster(size)
    for (const each of services) renderer.setService(each)
    for (const each of slices) renderer.setSlice(each)
    renderer.settle()
    const lowering = new IptablesLowering(benchSettings)
    lowering.update(renderer.ruleset())
    for (const index of [7, 50, 1_999]) {
      for (const each of makeSlices(size, index, 3, index + 1)) renderer.setSlice(each)
      const { elements } = renderer.settle()
      const changes = lowering.update(renderer.ruleset(), elements)
      const chains = changes.flatMap(({ table, chains: all }) =>
        [...all.keys()].map((c) => [table, c]),
      )
      // ClusterIP, load balancer and NodePort, in two families.
      expect(chains.filter(([, chain]) => chain?.startsWith('NODELB-S-'))).toHaveLength(6)
      expect(chains.length).toBeLessThanOrEqual(8)
      expect(comparable(lowering.rules())).toEqual(
        comparable(lower(renderer.ruleset(), benchSettings)),
      )
    }
  })

  test('the order in which objects arrive does not show', () => {
    fc.assert(
      fc.property(cluster, possible, fc.infiniteStream(fc.nat()), (each, chosen, random) => {
        const renderer = createRenderer(node, chosen)
        const events = [
          ...each.services.map((value) => () => renderer.setService(value)),
          ...each.slices.map((value) => () => renderer.setSlice(value)),
        ]
          .map((event) => ({ event, rank: random.next().value }))
          .sort((a, b) => a.rank - b.rank)
        for (const { event } of events) {
          event()
          if (random.next().value % 2 === 0) renderer.settle()
        }
        renderer.settle()
        const once = renderCluster(each, node, chosen).ruleset()
        const [arrived, whole] = [renderer.ruleset(), once].map((r) => lower(r, chosen))
        expect([...flat(arrived)]).toEqual([...flat(whole)])
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

/** Not in any range of the clusters. */
const OUTSIDER = '198.51.100.7'

function restrictedVips(ruleset: IptablesRuleset | undefined): readonly string[] {
  const rules = [...(ruleset?.ip?.get('mangle')?.chains.values() ?? [])].flat()
  return rules.flatMap((rule) => {
    const [, address, protocol, port] = /^-d (\S+)\/32 -p (\S+) .*--dport (\d+) /.exec(rule) ?? []
    return address === undefined ? [] : [`${address} . ${protocol} . ${port}`]
  })
}

function isServed(ruleset: IptablesRuleset, vip: string): boolean {
  const chains = ruleset.ip?.get('nat')?.chains ?? new Map()
  return ruleFor(chains, CHAINS.vips, packetsOf(vip, OUTSIDER)) !== undefined
}
