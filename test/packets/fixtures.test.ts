import { afterAll, describe, expect, test } from 'vitest'
import { type PacketFixture, packetFixtures } from '../support/fixtures.ts'
import type { Lab } from '../support/lab.ts'
import { LabPool } from '../support/lab-pool.ts'
import { disappointments } from '../support/packets.ts'

// Most of the time goes by waiting for packets that are to be dropped.
const labs = new LabPool(3)
afterAll(() => labs.remove())

describe.concurrent('packets', () => {
  for (const fixture of packetFixtures()) {
    test(`${fixture.name}: ${fixture.sentence}`, () => labs.use((lab) => play(lab, fixture)))
  }
})

async function play(lab: Lab, fixture: PacketFixture): Promise<void> {
  for (const { input, packets } of fixture.steps) {
    const config = fixture.config === undefined ? [] : ['--config', fixture.config]
    const applied = await lab.nodelb([
      ...['apply', '-f', input, '-f', fixture.node, '--node', 'node-a', ...config],
    ])
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
    expect(await disappointments(lab, packets)).toEqual([])
  }
  await clean(lab)
}

/** Leaves the lab to the next fixture as it was found. */
async function clean(lab: Lab): Promise<void> {
  const cleaned = await lab.nodelb(['cleanup'])
  expect(cleaned, cleaned.stderr).toMatchObject({ exitCode: 0 })
  expect((await lab.run('nft', ['list', 'tables'])).stdout).toBe('')
  await lab.flushConnections()
}
