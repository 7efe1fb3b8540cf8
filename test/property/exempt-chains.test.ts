import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ownerOf } from '../../src/frontend/label-text.ts'
import { serviceLabel } from '../../src/frontend/labels.ts'
import { servicesIn } from '../../src/render/iptables/exempt-services.ts'
import { renderChains } from '../../src/render/iptables/render.ts'
import { chainsFor, rulesAbout } from '../support/chains.ts'
import { iptablesModel } from '../support/iptables-model.ts'
import { planIptables } from '../support/plan-iptables.ts'
import { cluster, names, namespace, node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const pairs = fc.tuple(cluster, cluster, settings, settings)
const owners = fc.subarray(names.map((name) => ownerOf(`${namespace}/${name}`)))

describe('Services that are held', () => {
  test('stay as the tables have them, and the tables take the rest', () => {
    fc.assert(
      fc.property(pairs, owners, ([before, after, old, now], held) => {
        const found = chainsFor(before, node, old)
        const model = iptablesModel()
        for (const step of planIptables({}, found)) model.apply(step)
        const { lowering } = renderChains(after, node, now)
        lowering.exempt(found, new Set(held))
        const wanted = lowering.rules()
        for (const step of planIptables(found, wanted)) model.apply(step)
        for (const name of held) expect(rulesAbout(wanted, name)).toEqual(rulesAbout(found, name))
        expect(planIptables(model.ruleset(), wanted)).toEqual([])
        for (const name of held) lowering.readmit(name)
        lowering.takeChanges()
        const free = chainsFor(after, node, now)
        expect(planIptables(lowering.rules(), free)).toEqual([])
      }),
      { numRuns: runs(500) },
    )
  })

  test('are known by what the rules say', () => {
    fc.assert(
      fc.property(cluster, settings, (each, chosen) => {
        const rules = chainsFor(each, node, chosen)
        for (const name of servicesIn(rules)) expect(rulesAbout(rules, name)).not.toEqual([])
        const all = each.services.map(serviceLabel)
        const present = all.filter((name) => rulesAbout(rules, name).length > 0)
        expect([...servicesIn(rules)].sort()).toEqual(present.sort())
      }),
      { numRuns: runs(500) },
    )
  })
})
