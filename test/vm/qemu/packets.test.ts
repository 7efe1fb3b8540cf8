import { afterAll, expect, test } from 'vitest'
import { expectedOf, isSent, lacking } from '../../support/differences.ts'
import { type PacketFixture, packetFixtures } from '../../support/fixtures.ts'
import type { Lab } from '../../support/lab.ts'
import { LabPool } from '../../support/lab-pool.ts'
import { disappointments } from '../../support/packets.ts'

// The guest has one processor: fixtures take turns in one lab.
const labs = new LabPool(1)
afterAll(() => labs.remove())

for (const fixture of packetFixtures()) {
  const { name, sentence } = fixture
  const run = lacking(name, 'ipvs') === undefined ? test : test.skip
  run(`${name}: ${sentence}`, () => labs.use((lab) => play(lab, fixture)))
}

/** What one fixture programmed goes with the next one's. */
async function play(lab: Lab, { name, node, config, steps }: PacketFixture): Promise<void> {
  for (const { input, packets } of steps) {
    const applied = await lab.nodelb([
      ...['apply', '--backend', 'ipvs', '-f', input, '-f', node, '--node', 'node-a'],
      ...(config === undefined ? [] : ['--config', config]),
    ])
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
    const sent = packets.filter((each) => isSent(name, 'ipvs', each))
    const expected = sent.map((each) => expectedOf(name, 'ipvs', each))
    // One after the other: the guest is slow, and who waits too long counts as dropped.
    for (const each of expected) expect(await disappointments(lab, [each])).toEqual([])
  }
  await lab.flushConnections()
}
