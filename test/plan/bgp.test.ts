import { expect, test } from 'vitest'
import { commandsOf } from '../../src/plan/bgp/commands.ts'
import { effectOnSession } from '../../src/plan/bgp/effect-on-session.ts'
import { planBgp } from '../../src/plan/bgp/plan.ts'
import { printPlan } from '../../src/plan/bgp/print.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { parseTree } from '../../src/ruleset/bgp/frr-parse.ts'
import { printTree } from '../../src/ruleset/bgp/frr-print.ts'
import type { Tree } from '../../src/ruleset/bgp/tree.ts'
import { profile } from '../announce/bgp/objects.ts'
import { everyOption, peer, wanted } from '../golden/bgp-cases.ts'

const ROUTER = 'router bgp 64501'
const FAMILY = `${ROUTER} | address-family ipv4 unicast`

test.each([
  [ROUTER, 'neighbor 10.0.0.1 password x', 'resets'],
  [ROUTER, 'neighbor 10.0.0.1 timers 3 9', 'next-session'],
  [ROUTER, 'neighbor 10.0.0.1 timers connect 3', 'nothing'],
  [ROUTER, 'neighbor 10.0.0.1 bfd', 'nothing'],
  [ROUTER, 'neighbor 10.0.0.1 shutdown', 'ends'],
  [ROUTER, 'neighbor 10.0.0.1 maximum-prefix 7', 'resets'],
  [ROUTER, 'bgp router-id 10.0.0.1', 'resets'],
  [ROUTER, 'no bgp network import-check', 'nothing'],
  [ROUTER, 'coalesce-time 50', 'next-session'],
  [ROUTER, 'bgp cluster-id 10.0.0.1', 'resets'],
  [FAMILY, 'neighbor 10.0.0.1 activate', 'resets'],
  [FAMILY, 'neighbor 10.0.0.1 route-map m out', 'nothing'],
  [FAMILY, 'redistribute connected', 'nothing'],
  ['route-map m permit 1', 'set tag 1', 'nothing'],
  ['bfd | profile fast', 'echo-mode', 'nothing'],
] as const)('in %s, %s: %s, and nothing to a new neighbour', (context, line, effect) => {
  expect(effectOnSession({ kind: 'set', context, line, isNew: false })).toBe(effect)
  expect(effectOnSession({ kind: 'set', context, line, isNew: true })).toBe('nothing')
})

test('a neighbour that was left shut down is opened again', () => {
  const tree = treeOf(wanted([peer('10.0.0.254')]))
  const lines = [...(tree.get(ROUTER) ?? []), 'neighbor 10.0.0.254 shutdown']
  const left: Tree = new Map([...tree, [ROUTER, new Set(lines)]])
  const plan = planBgp(left, tree)
  expect(printPlan(plan)).toBe(`${ROUTER}\n  - neighbor 10.0.0.254 shutdown\n`)
  expect(plan.map(effectOnSession)).toEqual(['nothing'])
})

test('what others brought into blocks of ours goes', () => {
  const tree = treeOf(wanted([peer('10.0.0.254')]))
  const text = printTree(tree).replace(
    ' address-family ipv4 unicast\n',
    ` neighbor 10.0.0.254 description of others
 address-family l2vpn evpn
  advertise-all-vni
 exit-address-family
 vnc defaults
  response-lifetime 1
 exit
 address-family ipv4 unicast
  redistribute connected
`,
  )
  const [batch] = commandsOf(planBgp(parseTree(text), tree))
  const undone = batch?.commands.map((each) => each.text).filter((each) => each.startsWith('no '))
  expect(undone).toEqual([
    'no neighbor 10.0.0.254 description of others',
    'no redistribute connected',
    'no advertise-all-vni',
    'no vnc defaults',
  ])
})

test('commands have passwords in full, go to the program that holds the block, and end', () => {
  const tree = treeOf(wanted([everyOption], [], { bfdProfiles: [profile('fast')] }))
  const batches = commandsOf(planBgp(new Map(), tree))
  expect(batches.map(({ daemon }) => daemon)).toEqual(['bgpd', 'bfdd', 'bgpd'])
  const [, bfdd, bgpd] = batches.map(({ commands }) => commands.map(({ text }) => text))
  expect(bfdd).toEqual(['configure terminal', 'bfd', 'profile fast', 'end'])
  expect(bgpd).toContain('neighbor 10.0.0.254 password hidden')
  // Whoever was let in earlier would be reset by each family that follows.
  expect(bgpd?.at(-2)).toBe('no neighbor 10.0.0.254 shutdown')
  const back = commandsOf(planBgp(tree, new Map()))
  expect(back.map(({ daemon }) => daemon)).toEqual(['bgpd', 'bfdd'])
  expect(back[1]?.commands.map(({ text }) => text)).toEqual([
    ...['configure terminal', 'bfd', 'no profile fast', 'end'],
  ])
})
