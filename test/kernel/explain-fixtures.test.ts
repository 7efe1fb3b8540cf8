import { basename, dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { readKernel } from '../../src/apply/nftables/read.ts'
import { walkedRuleset } from '../../src/cli/explain/kernel-ruleset.ts'
import { program } from '../../src/dataplane/nftables/program.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Rule, Ruleset } from '../../src/ruleset/nftables/types.ts'
import type { StrangeRule, WalkedRuleset } from '../../src/trace/nftables/state.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { expectedOf, lacking } from '../support/differences.ts'
import { packetFixtures } from '../support/fixtures.ts'
import { fixtureGoal } from '../support/goal.ts'
import { walker } from '../support/traced-backends.ts'
import { labNode, tracedDisappointment } from '../support/traced-packets.ts'

let socket: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
afterAll(() => socket?.close())

/** `explain` without files walks what the kernel holds: it has to be what was sent there. */
describe.each(['nftables', 'ipvs'] as const)(
  'what is read back of %s from the kernel',
  (backend) => {
    const fixtures = packetFixtures().filter(({ name }) => lacking(name, backend) === undefined)
    test.each(fixtures.map((each) => [each.name, each.sentence, each] as const))(
      '%s: %s',
      async (name, _, { node, steps }) => {
        for (const { input, packets } of steps) {
          const told = fixtureGoal(dirname(node), basename(input), backend)
          const goal = { ...told, node: labNode(told.node) }
          const outcome = await program(socket, goal)
          expect(outcome.kind, JSON.stringify(outcome)).toBe('committed')
          const walked = walkedRuleset((await readKernel(socket)).ruleset)
          const rendered = renderCluster(goal.cluster, goal.node, goal.settings)
          expect(rulesOf(walked)).toEqual(rulesOf(rendered.ruleset()))
          // This kernel may have no ipvs; what is read back of it, test/vm proves.
          const ipvs = rendered.ipvs()
          const walks = walker({ ...walked, ...(ipvs && { ipvs }) })
          const complaints = packets.map((usual) =>
            tracedDisappointment(walks, expectedOf(name, backend, usual)),
          )
          expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([])
        }
        await nft('flush', 'ruleset')
      },
    )
  },
)

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
