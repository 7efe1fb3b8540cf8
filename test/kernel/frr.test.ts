import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import { Frr } from '../../src/apply/bgp/frr.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import type { Tree } from '../../src/ruleset/bgp/tree.ts'
import { profile } from '../announce/bgp/objects.ts'
import { cases, everyOption, peer, route, wanted } from '../golden/bgp-cases.ts'
import { FrrLab } from '../support/frr.ts'
import { wantedBgp } from '../support/random-bgp.ts'
import { runs } from '../support/runs.ts'
import { Waiting } from '../support/waiting.ts'

const goldens = fileURLToPath(new URL('../golden/bgp/', import.meta.url))
const NOTHING: Tree = new Map()
const AS_WANTED = { kind: 'brought', plan: [], problems: [], refused: [] }

let lab: FrrLab
const broken: string[] = []
const news = new Waiting()
const open: Frr[] = []

async function opened(ownership: 'whole' | 'shared' = 'whole'): Promise<Frr> {
  const broke = (reason: string): void => {
    broken.push(reason)
    news.wake()
  }
  const found = await Frr.open({ folder: lab.folder, ownership, broke })
  if (found.kind === 'broken') throw new Error(found.reason)
  open.push(found.frr)
  return found.frr
}

async function treeIn(frr: Frr): Promise<Tree> {
  const read = await frr.read()
  if (read.kind === 'broken') throw new Error(read.reason)
  return read.tree
}

beforeAll(async () => {
  lab = await FrrLab.start('zebra', 'bfdd', 'bgpd')
})
afterEach(async () => {
  const last = await opened()
  expect(await last.bring(NOTHING)).toMatchObject({ refused: [] })
  for (const frr of open.splice(0)) frr.close()
  broken.length = 0
})
afterAll(() => lab.remove())

const names = readdirSync(goldens).filter((name) => name.endsWith('.frr'))

test.each(names)('FRR understands %s', async (name) => {
  const { exitCode, stdout } = await execa('vtysh', ['-C', '-f', goldens + name])
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
})

test.each(Object.entries(cases))('FRR has it then: %s', async (_, each) => {
  const frr = await opened()
  const tree = treeOf(each)
  expect(await frr.bring(tree)).toMatchObject({ kind: 'brought', problems: [], refused: [] })
  expect(await frr.read()).toEqual({ kind: 'read', tree })
})

test('from whatever was wanted to whatever is, and a second plan is empty', async () => {
  const frr = await opened()
  await fc.assert(
    fc.asyncProperty(wantedBgp, wantedBgp, async (before, after) => {
      await frr.bring(NOTHING)
      for (const tree of [treeOf(before), treeOf(after)]) {
        expect(await frr.bring(tree)).toMatchObject({ kind: 'brought', refused: [] })
        expect(await frr.read()).toEqual({ kind: 'read', tree })
        expect(await frr.bring(tree)).toMatchObject(AS_WANTED)
      }
    }),
    { numRuns: runs(160) },
  )
  expect(broken).toEqual([])
})

test('from what FRR was last read to have it gets to whatever is wanted as well', async () => {
  const frr = await opened()
  await fc.assert(
    fc.asyncProperty(wantedBgp, wantedBgp, async (before, after) => {
      await frr.bring(NOTHING)
      for (const tree of [treeOf(before), treeOf(after)]) {
        expect(await frr.bring(tree, { trusts: true })).toMatchObject({ refused: [], now: tree })
        expect(await frr.bring(tree, { trusts: true })).toMatchObject(AS_WANTED)
        expect(await frr.read()).toEqual({ kind: 'read', tree })
      }
    }),
    { numRuns: runs(80) },
  )
})

test('where FRR is not what it was last read to be, the next change restores it', async () => {
  const frr = await opened()
  const routes = ['198.51.100.10/32', '198.51.100.11/32'].map((each) => route(each, ['10.0.0.254']))
  const [fewer, all] = [routes.slice(1), routes].map((each) =>
    treeOf(wanted([peer('10.0.0.254')], each)),
  ) as [Tree, Tree]
  await frr.bring(fewer)
  await lab.tell('bgpd', 'configure terminal', 'no router bgp', 'end')
  expect(await frr.bring(fewer, { trusts: true })).toMatchObject(AS_WANTED)
  expect(await frr.bring(all, { trusts: true })).toMatchObject({ refused: [], now: all })
  expect(await frr.read()).toEqual({ kind: 'read', tree: all })
})

test('what FRR refuses is told without the password, and the rest is done', async () => {
  const frr = await opened()
  const [good, plain] = [peer('10.0.0.253'), peer('10.0.0.254')]
  // The password has a blank, which ends the word.
  const bad = { ...plain, password: new SecretText('never shown') }
  expect(await frr.bring(treeOf(wanted([good, bad])))).toMatchObject({
    kind: 'brought',
    refused: [{ operation: { kind: 'set' }, said: expect.stringMatching(/password \*\*\*$/) }],
  })
  expect(await frr.bring(treeOf(wanted([good, plain])))).toMatchObject(AS_WANTED)
})

const OTHERS = [
  'configure terminal',
  ...['route-map others permit 10', 'exit'],
  ...['router bgp 64501', 'bgp router-id 192.0.2.7', 'neighbor 10.9.9.9 remote-as 65009'],
  ...['neighbor 10.9.9.9 password of-others', 'neighbor 10.9.9.8 remote-as 65008'],
  ...['address-family ipv4 unicast', 'network 192.0.2.0/24', 'redistribute connected'],
  ...['no neighbor 10.9.9.8 activate', 'neighbor 10.9.9.9 route-map others in'],
  'end',
]

test('where others configure FRR as well, only ours comes, changes and goes', async () => {
  await lab.tell('bgpd', ...OTHERS)
  const frr = await opened('shared')
  const others = await frr.read()
  const six = peer('fd00::1', { families: ['ipv6'] })
  const ours = [
    wanted([everyOption, six], [route('198.51.100.10/32', ['10.0.0.254'])]),
    wanted([peer('10.0.0.254')], [route('198.51.100.11/32', ['10.0.0.254'])]),
  ]
  for (const each of ours) {
    expect(await frr.bring(treeOf(each))).toMatchObject({ kind: 'brought', refused: [] })
    expect(await frr.bring(treeOf(each))).toMatchObject({ kind: 'brought', plan: [] })
  }
  await frr.bring(NOTHING)
  expect(await frr.read()).toEqual(others)
})

test('whatever is wanted where others configure FRR, what they have stays as it is', async () => {
  await lab.tell('bgpd', ...OTHERS)
  const frr = await opened('shared')
  const others = await treeIn(frr)
  await fc.assert(
    fc.asyncProperty(wantedBgp, wantedBgp, async (before, after) => {
      for (const tree of [treeOf(before), treeOf(after)]) {
        expect(await frr.bring(tree)).toMatchObject({ kind: 'brought', refused: [] })
        expect(await frr.bring(tree)).toMatchObject({ kind: 'brought', plan: [] })
      }
      expect(await frr.bring(NOTHING)).toMatchObject({ kind: 'brought', refused: [] })
      const left = await treeIn(frr)
      for (const [context, lines] of others) expect(left.get(context)).toEqual(lines)
      expect([...left].flatMap(([context, lines]) => [context, ...lines]).join()).not.toContain(
        'nodelb-',
      )
    }),
    { numRuns: runs(80) },
  )
})

test('an engine that is killed is told; the next one starts empty and gets everything', async () => {
  const frr = await opened()
  const tree = treeOf(wanted([peer('10.0.0.254')], [route('198.51.100.10/32', ['10.0.0.254'])]))
  await frr.bring(tree)
  await lab.kill('bgpd')
  await news.until(() => broken[0])
  expect(broken).toEqual(['bgpd: the daemon ended the conversation'])
  expect(await frr.read()).toEqual({ kind: 'broken', reason: expect.any(String) })
  expect(await Frr.open({ folder: lab.folder, ownership: 'whole', broke: () => {} })).toEqual({
    kind: 'broken',
    reason: expect.stringMatching(/^bgpd cannot be asked: connect ECONNREFUSED .*bgpd\.vty$/),
    isAbsent: true,
  })
  await lab.run('bgpd')
  const again = await opened()
  expect(await again.read()).toEqual({ kind: 'read', tree: NOTHING })
  await again.bring(tree)
  expect(await again.read()).toEqual({ kind: 'read', tree })
})

test('without bfdd everything but profiles is done', async () => {
  await lab.kill('bfdd')
  const frr = await opened()
  const each = wanted([peer('10.0.0.254', { bfdProfile: 'fast' })], [], {
    bfdProfiles: [profile('fast', { detectMultiplier: 5 })],
  })
  const context = 'bfd | profile fast'
  expect(await frr.bring(treeOf(each))).toMatchObject({
    kind: 'brought',
    refused: [
      { operation: { kind: 'open', context }, said: 'bfdd does not run' },
      { operation: { kind: 'set', context }, said: 'bfdd does not run' },
    ],
  })
  await lab.run('bfdd')
})
