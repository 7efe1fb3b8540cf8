import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frontChainNames } from '../../src/render/iptables/front-chains.ts'
import { dispatchedBy } from '../../src/render/iptables/leaves.ts'
import { chainsFor } from '../support/chains.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'

const possible = settings.map((each) => ({ ...each, target: 'pods' as const }))

test('each rule that takes connections for a frontend tells for which, and no other does', () => {
  fc.assert(
    fc.property(cluster, possible, (each, chosen) => {
      const ruleset = chainsFor(each, node, chosen)
      for (const tables of [ruleset.ip, ruleset.ip6]) {
        for (const rules of tables?.get('nat')?.chains.values() ?? []) {
          for (const rule of rules) {
            const key = dispatchedBy(rule)
            const target = / --comment ".*" -g (NODELB-S-\S+)$/.exec(rule)?.[1]
            expect(key && frontChainNames(key).serve, rule).toBe(target)
          }
        }
      }
    }),
    { numRuns: 100 },
  )
})

test.each([
  '-p tcp -g NODELB-S-ABC',
  '-d 10.96.0.1/32 -m comment --comment "shop/web" -j NODELB-REJECT',
  '-d nowhere/32 -m comment --comment "shop/web" -g NODELB-S-ABC',
])('a rule of another form tells nothing: %s', (rule) => {
  expect(dispatchedBy(rule)).toBeUndefined()
})
