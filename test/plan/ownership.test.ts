import { expect, test } from 'vitest'
import { allAtOnce } from '../../src/model/steps.ts'
import { OWNED, planOwned } from '../../src/plan/nftables/ownership.ts'
import { renderFor } from '../../src/render/rendering.ts'
import { type KernelTable, type Ruleset, TABLE_FLAG } from '../../src/ruleset/nftables/types.ts'
import { fixtureGoal } from '../support/goal.ts'
import { kernelModel } from '../support/kernel-model.ts'

const { cluster, node, settings } = fixtureGoal(
  new URL('../../fixtures/udp', import.meta.url).pathname,
)

/** The rule set of a fixture, in one family. */
function wantedRuleset(): Ruleset {
  const { rendering } = renderFor(cluster, node, settings)
  if (rendering.kind !== 'nftables' || rendering.ruleset.ip === undefined) throw new Error('no ip')
  return { ip: rendering.ruleset.ip }
}

const wanted = wantedRuleset()

/** The table as the kernel has it once the rule set is applied, with these flags. */
function held(more: Partial<KernelTable>): { readonly ip: KernelTable } {
  const kernel = kernelModel()
  kernel.apply(allAtOnce(planOwned({}, wanted, 'none')).plan)
  const { ip } = kernel.ruleset()
  if (ip === undefined) throw new Error('no table')
  return { ip: { ...ip, ...more } }
}

const anew = ['delete-table', 'add-table']

test.each([
  ['of a socket that is closed is adopted', { flags: TABLE_FLAG.persist }, 'kernel', [], true],
  ['that the socket has stays', { flags: OWNED, owner: 7 }, 'kernel', [], false],
  ['that anybody may change stays so', { flags: 0 }, 'none', [], false],
  ['that anybody may change is made anew to own it', { flags: 0 }, 'kernel', anew, false],
  [
    'that was owned is made anew to own it no more',
    { flags: TABLE_FLAG.persist },
    'none',
    anew,
    false,
  ],
  ['with a counter is made anew', { flags: 0, otherObjects: true }, 'none', anew, false],
] as const)('a table %s', (_, state, ownership, begins, adopted) => {
  const { adoption, plan } = allAtOnce(planOwned(held(state), wanted, ownership))
  expect(plan.slice(0, 2).map(({ kind }) => kind)).toEqual(begins)
  expect(adoption).toEqual(adopted ? [{ kind: 'add-table', family: 'ip', flags: OWNED }] : [])
})

test('whatever the table is like, it can be asked to be made anew, and it can go', () => {
  const { plan } = allAtOnce(planOwned(held({ flags: OWNED }), wanted, 'kernel', true))
  expect(plan.slice(0, 2)).toMatchObject([
    { kind: 'delete-table' },
    { kind: 'add-table', flags: OWNED },
  ])
  expect(allAtOnce(planOwned(held({ flags: OWNED }), {}, 'kernel')).plan).toEqual([
    { kind: 'delete-table', family: 'ip' },
  ])
  expect(allAtOnce(planOwned({}, {}, 'kernel')).plan).toEqual([])
})
