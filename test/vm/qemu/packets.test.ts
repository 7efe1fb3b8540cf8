import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { expectedOf, isSent, lacking } from '../../support/differences.ts'
import { type PacketFixture, packetFixtures } from '../../support/fixtures.ts'
import { Lab } from '../../support/lab.ts'
import { disappointments, type Expectation, type Pace } from '../../support/packets.ts'
import { Player } from './player.ts'

/** The guest is slow: much patience and few connections, which ipvs gives to the pods in turn. */
const PACE: Pace = {
  connections: (pods) => 4 * pods,
  patience: 120_000,
  silence: 3_000,
}

let stage: { readonly lab: Lab; readonly player: Player } | undefined
afterAll(clear)

for (const fixture of packetFixtures()) {
  const { name, sentence } = fixture
  const run = lacking(name, 'ipvs') === undefined ? test : test.skip
  run(`${name}: ${sentence}`, () => play(fixture))
}

/** What one fixture programmed goes with the next one's; one that fails takes all with it. */
async function play(fixture: PacketFixture): Promise<void> {
  if (leavesOpen(fixture)) await clear()
  stage ??= await build()
  const { lab, player } = stage
  try {
    await playSteps(lab, player, fixture)
    await lab.flushConnections()
  } catch (error) {
    await clear()
    throw error
  }
}

/** What a Node object does not name stays as the fixture before had it: such a fixture begins anew. */
function leavesOpen({ node }: PacketFixture): boolean {
  return !readFileSync(node, 'utf8').includes('podCIDR')
}

async function build(): Promise<{ readonly lab: Lab; readonly player: Player }> {
  const lab = await Lab.build()
  return { lab, player: new Player(lab) }
}

async function clear(): Promise<void> {
  await stage?.player.end()
  await stage?.lab.remove()
  stage = undefined
}

async function playSteps(lab: Lab, player: Player, fixture: PacketFixture): Promise<void> {
  const { name, node, config, steps } = fixture
  for (const { input, packets } of steps) {
    const sources = { node: 'node-a', config, scope: undefined, format: 'text' } as const
    const files = [input, node]
    const { code, lines } = await player.apply({ ...sources, files, backend: 'ipvs' })
    expect(code, lines.join('\n')).toBe(0)
    const sent = packets.filter((each) => isSent(name, 'ipvs', each))
    const expected = sent.map((each) => expectedOf(name, 'ipvs', each))
    const found = await disappointmentsInTurn(lab, expected)
    expect(found, found.join('\n')).toEqual([])
  }
}

/** Two lines about one virtual server at a time might take turns at its pods, each always the same. */
async function disappointmentsInTurn(
  lab: Lab,
  lines: readonly Expectation[],
): Promise<readonly string[]> {
  const byServer = new Map<string, Promise<readonly string[]>>()
  for (const line of lines) {
    const server = `${line.to}/${line.protocol}`
    const before = byServer.get(server) ?? Promise.resolve([])
    byServer.set(
      server,
      before.then(async (found) => [...found, ...(await disappointments(lab, [line], PACE))]),
    )
  }
  return (await Promise.all(byServer.values())).flat()
}
