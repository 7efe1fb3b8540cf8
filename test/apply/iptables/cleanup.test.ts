import { beforeEach, describe, expect, test } from 'vitest'
import { cleanIptables } from '../../../src/apply/iptables/cleanup.ts'
import { commitIptables } from '../../../src/apply/iptables/commit.ts'
import { FLAVOURS, findPrograms } from '../../../src/apply/iptables/programs.ts'
import { readIptables } from '../../../src/apply/iptables/read.ts'
import type { TableFamily } from '../../../src/model/family.ts'
import type {
  IptablesChains,
  IptablesRuleset,
  IptablesTable,
} from '../../../src/ruleset/iptables/types.ts'
import { planIptables } from '../../support/plan-iptables.ts'
import { enterNewNetwork } from '../nftables/namespace.ts'
import { otherPrograms } from './hosts.ts'
import { iptables, listing, restore } from './namespace.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** A cluster whose Services and endpoints are others at every step. */
function goal(step: number): IptablesRuleset {
  const table = (
    chains: Record<string, readonly string[]>,
    jumps: Record<string, readonly string[]>,
  ): IptablesChains => ({
    chains: new Map(Object.entries(chains)),
    jumps: new Map(Object.entries(jumps)),
  })
  const family = (address: (of: number) => string, length: number) => {
    const services = [1, 2, 3, 4, 5].filter((of) => (step + of) % 4 > 0)
    const vip = (of: number): string => `-d ${address(of)}/${length} -p tcp -m tcp --dport 80`
    return new Map<IptablesTable, IptablesChains>([
      [
        'mangle',
        table(
          { 'NODELB-SOURCES': services.map((of) => `${vip(of)} -j DROP`) },
          step % 7 === 0 ? {} : { PREROUTING: ['-j NODELB-SOURCES'] },
        ),
      ],
      [
        'nat',
        table(
          {
            'NODELB-DISPATCH': services.map((of) => `${vip(of)} -g NODELB-S-${of}`),
            ...Object.fromEntries(
              services.map((of) => [`NODELB-S-${of}`, [`-m mark --mark 0x${step + 1} -j RETURN`]]),
            ),
          },
          { PREROUTING: ['-j NODELB-DISPATCH'], OUTPUT: ['-j NODELB-DISPATCH'] },
        ),
      ],
      [
        'filter',
        table(
          { 'NODELB-REFUSE': ['-j RETURN'] },
          { INPUT: ['-j NODELB-REFUSE'], FORWARD: ['-j NODELB-REFUSE'] },
        ),
      ],
    ])
  }
  return { ip: family((of) => `10.96.0.${of}`, 32), ip6: family((of) => `fd00:10:96::${of}`, 128) }
}

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)
  const others = FLAVOURS.find((name) => name !== flavour) ?? flavour

  async function everything(): Promise<readonly string[]> {
    const all = FLAVOURS.flatMap((name) => FAMILIES.map((family) => listing(name, family)))
    return Promise.all(all)
  }

  test('what others have is the same after 100 changes and a cleanup', async () => {
    for (const family of FAMILIES) {
      await restore(flavour, otherPrograms(family), family)
      await restore(others, otherPrograms(family), family)
    }
    const before = await everything()
    let held: IptablesRuleset = {}
    for (let step = 0; step < 100; step += 1) {
      const wanted = goal(step)
      const { outcome } = await commitIptables(programs, held, planIptables(held, wanted))
      expect(outcome).toEqual({ kind: 'committed' })
      held = wanted
    }
    const state = await readIptables(programs)
    expect(state).toMatchObject({ kind: 'read', displaced: [] })
    if (state.kind === 'read') expect(planIptables(state.ruleset, held)).toEqual([])
    const own = (line: string): boolean => !/NODELB/.test(line) || /not one that/.test(line)
    const during = await everything()
    expect(during.map((text) => text.split('\n').filter(own).join('\n'))).toEqual(before)
    expect(await cleanIptables(programs)).toMatchObject({
      kind: 'tried',
      outcome: { kind: 'committed' },
    })
    expect(await everything()).toEqual(before)
    expect(await cleanIptables(programs)).toEqual({ kind: 'nothing' })
  })

  test('a chain that a rule of others leads to stays, empty, and is told', async () => {
    const wanted = goal(1)
    await commitIptables(programs, {}, planIptables({}, wanted))
    await iptables(flavour, '-t nat -N MINE')
    await iptables(flavour, '-t nat -A MINE -j NODELB-S-1')
    await iptables(flavour, '-t nat -A MINE -j NODELB-S-2')
    const cleaned = await cleanIptables(programs)
    if (cleaned.kind !== 'tried' || cleaned.outcome.kind !== 'rejected') throw new Error('not told')
    const stuck = cleaned.outcome.failures.map(({ table, chain }) => `${table} ${chain}`)
    expect(stuck.sort()).toEqual(['nat NODELB-S-1', 'nat NODELB-S-2'])
    const left = (await listing(flavour)).split('\n').filter((line) => line.includes('NODELB'))
    expect(left).toEqual([
      ':NODELB-S-1 - [0:0]',
      ':NODELB-S-2 - [0:0]',
      '-A MINE -j NODELB-S-1',
      '-A MINE -j NODELB-S-2',
    ])
    expect(await listing(flavour, 'ip6')).not.toContain('NODELB')
  })

  test('many chains go as well', async () => {
    const chains = new Map(
      Array.from({ length: 3_000 }, (_, index) => [
        `NODELB-S-${index}`,
        index === 0 ? [] : [`-p tcp -j NODELB-S-${index - 1}`],
      ]),
    )
    const many: IptablesRuleset = { ip: new Map([['nat', { chains, jumps: new Map() }]]) }
    const made = await commitIptables(programs, {}, planIptables({}, many))
    expect(made.outcome).toEqual({ kind: 'committed' })
    const { outcome } = { outcome: undefined, ...(await cleanIptables(programs)) }
    expect(outcome).toEqual({ kind: 'committed' })
    expect(await listing(flavour)).not.toContain('NODELB')
  })
})
