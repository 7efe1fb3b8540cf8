import { expect, test } from 'vitest'
import { textOf } from '../../src/plan/nftables/explain.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { KernelRuleset, KernelTable, Ruleset } from '../../src/ruleset/nftables/types.ts'
import { comparable, holding, kernelModel } from '../support/kernel-model.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

function wantedTables(): Ruleset {
  const cluster = { services: [shopService('web')], slices: [shopSlice('web', ['10.244.1.1'])] }
  return renderCluster(cluster, shopNode, shopSettings).ruleset()
}

/** The table of a former layout, which differs in one place. */
function formerly(change: (table: KernelTable) => Partial<KernelTable>): KernelRuleset {
  const { ip } = holding(wantedTables())
  if (ip === undefined) throw new Error('no table')
  return { ip: { ...ip, ...change(ip) } }
}

test.each<[string, KernelRuleset]>([
  [
    'a set that has another key',
    formerly(({ sets }) => ({
      sets: new Map([...sets, ['services', { name: 'services', key: ['ipv4_addr'] }]]),
    })),
  ],
  [
    'a chain on another hook',
    formerly(({ chains }) => ({
      chains: new Map(
        [...chains].map(([name, chain]) => [
          name,
          chain.base === undefined
            ? chain
            : { ...chain, base: { ...chain.base, priority: chain.base.priority + 1 } },
        ]),
      ),
    })),
  ],
])('a table with %s is replaced in one batch', (_, found) => {
  const wanted = wantedTables()
  const [first, second, ...rest] = plan(found, wanted)
  expect([first, second]).toEqual([
    { kind: 'delete-table', family: 'ip' },
    { kind: 'add-table', family: 'ip' },
  ])
  const kernel = kernelModel()
  kernel.apply(plan({}, wanted))
  if (first === undefined || second === undefined) throw new Error('no plan')
  kernel.apply([first, second, ...rest])
  expect(comparable(kernel.ruleset())).toEqual(comparable(wanted))
  expect([...eachOperation([second])].map(textOf)).toEqual(['table ip nodelb'])
})
