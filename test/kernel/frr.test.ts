import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Frr } from '../../src/apply/bgp/frr.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { FrrLab } from '../support/frr.ts'
import { wantedBgp } from '../support/random-bgp.ts'

let lab: FrrLab
const broken: string[] = []

async function open(ownership: 'whole' | 'shared' = 'whole'): Promise<Frr> {
  const opened = await Frr.open({
    folder: lab.folder,
    ownership,
    broke: (reason) => broken.push(reason),
  })
  if (opened.kind === 'broken') throw new Error(opened.reason)
  return opened.frr
}

beforeAll(async () => {
  lab = await FrrLab.start('zebra', 'bfdd', 'bgpd')
})
afterAll(() => lab.remove())

test('whatever is wanted, FRR has it then, and a second plan is empty', async () => {
  const frr = await open()
  await fc.assert(
    fc.asyncProperty(wantedBgp, async (wanted) => {
      const tree = treeOf(wanted)
      expect(await frr.bring(tree)).toMatchObject({ kind: 'brought', refused: [] })
      expect(await frr.read()).toEqual({ kind: 'read', tree })
      expect(await frr.bring(tree)).toEqual({
        kind: 'brought',
        plan: [],
        problems: [],
        refused: [],
      })
    }),
    { numRuns: 300 },
  )
  frr.close()
  expect(broken).toEqual([])
})
