import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { printRendering } from '../../src/cli/print-rendering.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import type { ShownOperation } from '../../src/plan/explain.ts'
import { shownIpvs } from '../../src/plan/ipvs/explain.ts'
import { labelOf, recordedServers } from '../../src/plan/ipvs/ownership.ts'
import { planIpvs } from '../../src/plan/ipvs/plan.ts'
import { aroundIpvs } from '../../src/plan/ipvs/steps.ts'
import { operationCount } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { ipvsMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { renderFor } from '../../src/render/rendering.ts'
import { lacking } from '../support/differences.ts'
import { fixtureGoal } from '../support/goal.ts'
import { ipvsModel } from '../support/ipvs-model.ts'
import { kernelModel } from '../support/kernel-model.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname

const scratch = mkdtempSync(`${tmpdir()}/nodelb-ipvs-`)
afterAll(() => rmSync(scratch, { recursive: true }))

function folders(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => name !== 'stories' && name !== 'demo')
    .sort()
}

function sentence(directory: string): string {
  return readFileSync(`${directory}/README.md`, 'utf8').trim()
}

/** The part for nft, read by nft; the others are read by their programs in the guest. */
async function checkWithNft(text: string): Promise<void> {
  const [, nft = ''] = /^# nft -f -\n([^#]*)/m.exec(text) ?? []
  writeFileSync(`${scratch}/table.nft`, nft)
  await execa('unshare', ['-n', 'nft', '--check', '-f', `${scratch}/table.nft`])
}

describe('with ipvs, the rules of', () => {
  const reasons = folders(FIXTURES).map((name) => [name, lacking(name, 'ipvs')] as const)
  const names = reasons.filter(([, reason]) => reason === undefined).map(([name]) => name)
  test.each(names.map((name) => [name, sentence(FIXTURES + name)]))('%s: %s', async (name) => {
    const { cluster, node, settings } = fixtureGoal(FIXTURES + name, 'input.yaml', 'ipvs')
    const text = printRendering(renderFor(cluster, node, settings).rendering, settings)
    await expect(text).toMatchFileSnapshot(`${FIXTURES}${name}/expected.ipvs`)
    await checkWithNft(text)
  })

  const lacked = reasons.filter(([, reason]) => reason !== undefined)
  test.each(lacked)('%s are refused: %s', (name) => {
    const { problems } = fixtureGoal(FIXTURES + name, 'input.yaml', 'ipvs')
    expect(problems.filter(({ severity }) => severity === 'error')).toHaveLength(1)
  })
})

describe('with ipvs, the story', () => {
  const STORIES = `${FIXTURES}stories/`
  test.each(folders(STORIES).map((name) => [name, sentence(STORIES + name)]))(
    '%s: %s',
    async (name) => {
      const directory = STORIES + name
      const inputs = readdirSync(directory).filter((file) => /^\d+-input\.yaml$/.test(file))
      const table = kernelModel()
      const kernel = ipvsModel()
      let previous = ''
      for (const input of inputs.sort()) {
        const { cluster, node, settings } = fixtureGoal(directory, input, 'ipvs')
        const rules = renderCluster(cluster, node, settings, ipvsMemory(kernel.state())).ipvs()
        if (rules === undefined) throw new Error('no ipvs rules')
        const found = table.ruleset()
        const { before, after } = aroundIpvs(plan(found, rules.filter))
        const recorded = recordedServers(found)
        const steps = planIpvs(kernel.state(), rules, { recorded, excludedRanges: [] })
        const step = input.replace('-input.yaml', '')
        if (previous !== '') {
          const label = (key: Tuple) => labelOf(rules.filter, key) ?? labelOf(found, key)
          const lines = [
            `table: ${operationCount(before)} operations before, ${operationCount(after)} after\n`,
            ...inOrder(shownIpvs(steps, label)),
          ]
          const file = `${directory}/${previous}-to-${step}.ipvs-plan`
          await expect(lines.join('')).toMatchFileSnapshot(file)
        }
        table.apply(before)
        kernel.apply(steps)
        table.apply(after)
        previous = step
      }
    },
  )
})

/** Each heading with its operations, where the first of them is. */
function inOrder(operations: readonly ShownOperation[]): readonly string[] {
  const groups = new Map<string, string>()
  for (const { owner, about, sign, text } of operations) {
    const title = owner ?? about
    groups.set(title, `${groups.get(title) ?? `${title}\n`}  ${sign} ${text}\n`)
  }
  return [...groups.values()]
}
