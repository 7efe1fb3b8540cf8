import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/plan/nftables/explain.ts'
import { owners } from '../../src/plan/nftables/owners.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { printRuleset } from '../../src/ruleset/nftables/print.ts'
import { fixtureGoal } from '../support/goal.ts'
import { kernelModel } from '../support/kernel-model.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname

const scratch = mkdtempSync(`${tmpdir()}/nodelb-golden-`)
afterAll(() => rmSync(scratch, { recursive: true }))

/** The real program, in a network namespace of its own. */
async function checkWithNft(text: string): Promise<void> {
  writeFileSync(`${scratch}/ruleset.nft`, text)
  await execa('unshare', ['-n', 'nft', '--check', '-f', `${scratch}/ruleset.nft`])
}

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

describe('the rule set of', () => {
  test.each(folders(FIXTURES).map((name) => [name, sentence(FIXTURES + name)]))(
    '%s: %s',
    async (name) => {
      const { cluster, node, settings } = fixtureGoal(FIXTURES + name)
      const text = printRuleset(renderCluster(cluster, node, settings).ruleset())
      await expect(text).toMatchFileSnapshot(`${FIXTURES}${name}/expected.nft`)
      await checkWithNft(text)
    },
  )
})

describe('the story', () => {
  const STORIES = `${FIXTURES}stories/`
  test.each(folders(STORIES).map((name) => [name, sentence(STORIES + name)]))(
    '%s: %s',
    async (name) => {
      const directory = STORIES + name
      const inputs = readdirSync(directory)
        .filter((file) => /^\d+-input\.yaml$/.test(file))
        .sort()
      const kernel = kernelModel()
      let previous = ''
      for (const input of inputs) {
        const { cluster, node, settings } = fixtureGoal(directory, input)
        const found = kernel.ruleset()
        const wanted = renderCluster(cluster, node, settings, kernelMemory(found)).ruleset()
        const steps = plan(found, wanted)
        const step = input.replace('-input.yaml', '')
        if (previous !== '') {
          const lines = explain(steps, owners(found, wanted)).map(
            ({ title, operations }) =>
              `${title}\n${operations.map(({ sign, text }) => `  ${sign} ${text}\n`).join('')}`,
          )
          await expect(lines.join('')).toMatchFileSnapshot(
            `${directory}/${previous}-to-${step}.plan`,
          )
        }
        kernel.apply(steps)
        previous = step
        const text = printRuleset(wanted)
        await expect(text).toMatchFileSnapshot(`${directory}/${step}-expected.nft`)
        await checkWithNft(text)
      }
    },
  )
})
