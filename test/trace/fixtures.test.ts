import { basename, dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { differences, expectedOf, lacking, lineOf } from '../support/differences.ts'
import { type PacketFixture, packetFixtures } from '../support/fixtures.ts'
import { fixtureGoal } from '../support/goal.ts'
import { type TracedBackend, tracedBackends } from '../support/traced-backends.ts'
import { labNode, tracedDisappointment } from '../support/traced-packets.ts'

const fixtures = packetFixtures()

/** What real packets do in test/packets, the tracer has to say. */
describe.each(tracedBackends)('the tracer of $name agrees with the packets of', (backend) => {
  const having = fixtures.filter(({ name }) => lacking(name, backend.name) === undefined)
  test.each(having.map((each) => [each.name, each.sentence, each] as const))(
    '%s: %s',
    (...args) => {
      const complaints = play(args[2], backend)
      expect(complaints.length).toBeGreaterThan(0)
      expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([])
    },
  )
})

/** For each packet that is sent, what disappoints. */
function play(
  { name, node, steps }: PacketFixture,
  backend: TracedBackend,
): (string | undefined)[] {
  const kernel = backend.start()
  return steps.flatMap(({ input, packets }) => {
    const goal = fixtureGoal(dirname(node), basename(input), backend.name)
    const walker = kernel.program(goal.cluster, labNode(goal.node), goal.settings)
    return packets.map((usual) =>
      tracedDisappointment(walker, expectedOf(name, backend.name, usual)),
    )
  })
}

test('differences are about what the fixtures tell', () => {
  const told = new Set(
    fixtures.flatMap(({ name, steps }) =>
      steps.flatMap(({ packets }) => packets.map((packet) => `${name}: ${lineOf(packet)}`)),
    ),
  )
  const named = differences.flatMap((each) =>
    'lacks' in each
      ? []
      : Object.entries(each.packets).flatMap(([name, lines]) =>
          lines.map((line) => `${name}: ${line}`),
        ),
  )
  expect(named.filter((name) => !told.has(name))).toEqual([])
})
