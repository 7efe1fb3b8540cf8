import { expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import type { Address } from '../../src/model/address.ts'
import { textOf } from '../../src/plan/netdev/explain.ts'
import { renewal } from '../../src/plan/netdev/operation.ts'
import { committedTable, planAnnounce } from '../../src/plan/netdev/plan.ts'
import { announceTable } from '../../src/render/announce/table.ts'
import { printRule } from '../../src/ruleset/netdev/print.ts'
import { printTable } from '../support/print-announce-table.ts'

const ADDRESSES = ['192.0.2.1', '2001:db8::1'] as const

function announced(name: string, addresses: readonly string[] = ADDRESSES): Announced {
  const station = { name, index: 2, mac: '02:00:00:00:00:01' }
  return { station, addresses: new Set(addresses as readonly Address[]) }
}

/** What the kernel holds of these, and the plan from there to others. */
function planned(before: readonly Announced[], after: readonly Announced[]): readonly string[] {
  const held = committedTable(announceTable(before), 'kernel', 77)
  return planAnnounce(held, announceTable(after), 'kernel').map(textOf)
}

test('the table of two interfaces', async () => {
  const table = announceTable([announced('eth0'), announced('a"é', [])])
  await expect(printTable(table)).toMatchFileSnapshot('announce/table.nft')
})

test('with answers to pings there are two rules more', async () => {
  const [chain] = announceTable([announced('eth0')], { ping: true }).chains.values()
  const without = announceTable([announced('eth0')]).chains.get('eth0')?.rules.length ?? 0
  const more = chain?.rules.slice(without) ?? []
  const text = `${more.map(printRule).join('\n')}\n`
  await expect(text).toMatchFileSnapshot('announce/ping.nft')
})

const OFFER = {
  offer: 1,
  proofs: ['0123456789abcdef0123456789abcdef'],
  addresses: new Set<Address>(ADDRESSES as readonly string[] as readonly Address[]),
}

test('what is offered to another node', async () => {
  const table = announceTable([announced('eth0')], { handovers: [OFFER] })
  const isOfHandover = ([name]: readonly [string, unknown]): boolean =>
    !/^(alive|v.-|eth0)/.test(name)
  const part = {
    sets: new Map([...table.sets].filter(isOfHandover)),
    elements: table.elements,
    chains: new Map([...table.chains].filter(isOfHandover)),
  }
  await expect(printTable(part)).toMatchFileSnapshot('announce/handover.nft')
})

/** The plan from what is offered to one node to other addresses and offers. */
function offering(
  after: readonly Announced[],
  handovers: readonly (typeof OFFER)[],
): readonly string[] {
  const held = committedTable(
    announceTable([announced('eth0')], { handovers: [OFFER] }),
    'kernel',
    77,
  )
  return planAnnounce(held, announceTable(after, { handovers }), 'kernel').map(textOf)
}

test('plans', async () => {
  const eth0 = announced('eth0')
  const [{ station }] = [eth0]
  const one = announceTable([eth0])
  const { owner: _, ...left } = committedTable(one, 'kernel', 77)
  const unowned = committedTable(one, 'none', 77)
  const foreign = { ...unowned, sets: new Map([...unowned.sets, ['x', 'foreign' as const]]) }
  const dropped = { flags: 0, sets: new Map(), elements: new Map() }
  const plans: Readonly<Record<string, readonly string[]>> = {
    'nothing changes': planned([eth0], [eth0]),
    'an address comes': planned([eth0], [announced('eth0', [...ADDRESSES, '192.0.2.2'])]),
    'an address goes': planned([eth0], [announced('eth0', [ADDRESSES[0]])]),
    'a new MAC address': planned(
      [eth0],
      [{ ...eth0, station: { ...station, mac: '02:00:00:00:00:05' } }],
    ),
    'a new index': planned([eth0], [{ ...eth0, station: { ...station, index: 9 } }]),
    'an interface goes': planned([eth0], []),
    'an interface comes': planned([], [announced('eth0', [])]),
    'a first time, without ownership': planAnnounce(undefined, announceTable([]), 'none').map(
      textOf,
    ),
    'adopted from a process that ended': planAnnounce({ ...left, flags: 4 }, one, 'kernel').map(
      textOf,
    ),
    'made anew for ownership': planAnnounce(unowned, announceTable([]), 'kernel').map(textOf),
    'made anew for a foreign set': planAnnounce(foreign, announceTable([]), 'none').map(textOf),
    'a chain without a hook': planAnnounce(
      { ...dropped, chains: new Map([['eth0', { device: undefined, rules: ['drop'] }]]) },
      announceTable([]),
      'none',
    ).map(textOf),
    'addresses are offered': planAnnounce(
      committedTable(one, 'kernel', 77),
      announceTable([eth0], { handovers: [OFFER] }),
      'kernel',
    ).map(textOf),
    'an offer is taken back, which fails if it was taken': offering([eth0], []),
    'one address is offered no more': offering(
      [eth0],
      [{ ...OFFER, offer: 2, addresses: new Set([ADDRESSES[0] as Address]) }],
    ),
    'what was offered is given': offering([announced('eth0', [])], []),
    'the switch is renewed': renewal(15_000).map(textOf),
  }
  const text = Object.entries(plans).map(
    ([name, lines]) => `${name}\n${lines.map((line) => `  ${line}\n`).join('')}`,
  )
  await expect(text.join('\n')).toMatchFileSnapshot('announce/plans.txt')
})
