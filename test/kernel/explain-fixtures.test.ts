import { basename, dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from '../../src/agent/program.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { readKernel } from '../../src/apply/nftables/read.ts'
import { walkedRuleset } from '../../src/cli/kernel-ruleset.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Rule, Ruleset } from '../../src/ruleset/types.ts'
import type { StrangeRule, WalkedRuleset } from '../../src/trace/state.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { packetFixtures } from '../support/fixtures.ts'
import { fixtureGoal } from '../support/goal.ts'
import { tracedDisappointment } from '../support/traced-packets.ts'

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
afterAll(() => socket?.close())

/** `explain` without files walks what the kernel holds: it has to be what was sent there. */
describe('what is read back from the kernel', () => {
  for (const { name, sentence, node, steps } of packetFixtures()) {
    test(`${name}: ${sentence}`, async () => {
      for (const { input, packets } of steps) {
        const goal = fixtureGoal(dirname(node), basename(input))
        const outcome = await program(socket, goal)
        expect(outcome.kind).toBe('committed')
        const walked = walkedRuleset((await readKernel(socket)).ruleset)
        const rendered = renderCluster(goal.cluster, goal.node, goal.settings).ruleset()
        expect(rulesOf(walked)).toEqual(rulesOf(rendered))
        const complaints = packets.map((expected) => tracedDisappointment(walked, expected))
        expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([])
      }
      await nft('flush', 'ruleset')
    })
  }
})

function rulesOf(
  ruleset: WalkedRuleset | Ruleset,
): Record<string, readonly (Rule | StrangeRule)[]> {
  return Object.fromEntries(
    [ruleset.ip, ruleset.ip6].flatMap((table) =>
      [...(table?.chains.values() ?? [])]
        .map(({ name, rules }) => [`${table?.family} ${name}`, rules] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  )
}
