import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { program, propose } from '../../src/dataplane/nftables/program.ts'
import type { NftablesSession } from '../../src/dataplane/nftables/session.ts'
import type { Cluster } from '../../src/model/service.ts'
import { textOf } from '../../src/plan/nftables/explain.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { cluster, namespace, node, service, settings, slice } from '../support/random-cluster.ts'
import { begin, committed, spoil } from './session-setup.ts'

let other: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  other = NetlinkSocket.open()
})
afterAll(() => other.close())

const RUNS = 60

/** Does something to a session and to the cluster that it should stand for. */
type Change = (session: NftablesSession, objects: Objects) => void

interface Objects {
  readonly services: Map<string, Cluster['services'][number]>
  readonly slices: Map<string, Cluster['slices'][number]>
}

const change: fc.Arbitrary<Change> = fc.oneof(
  service.map(
    (value): Change =>
      (session, { services }) => {
        session.renderer.setService(value)
        services.set(value.name, value)
      },
  ),
  service.map(
    ({ name }): Change =>
      (session, { services }) => {
        session.renderer.removeService(`${namespace}/${name}`)
        services.delete(name)
      },
  ),
  slice.map(
    (value): Change =>
      (session, { slices }) => {
        session.renderer.setSlice(value)
        slices.set(value.name, value)
      },
  ),
  slice.map(
    ({ name }): Change =>
      (session, { slices }) => {
        session.renderer.removeSlice(namespace, name)
        slices.delete(name)
      },
  ),
  fc.constant<Change>((session) => session.retryRefused()),
)

/** The kernel refuses elements that bear this Service's name, during these rounds. */
const trouble = fc.record({
  service: fc.constantFrom(`${namespace}/web:`, `${namespace}/api:`),
  from: fc.integer({ min: 0, max: 5 }),
  rounds: fc.integer({ min: 1, max: 5 }),
})

test('whatever is refused and when, the kernel holds what the session says, and in the end all', async () => {
  const ownership = fc.constantFrom('kernel' as const, 'none' as const)
  const rounds = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 8 })
  let refused = 0
  await fc.assert(
    fc.asyncProperty(
      fc.record({ before: cluster, after: cluster, chosen: settings, trouble, rounds, ownership }),
      async ({ before, after, chosen, trouble, rounds, ownership }) => {
        await program(other, { cluster: before, node, settings: chosen })
        await using running = await begin({ cluster: after, node, settings: chosen }, { ownership })
        const objects: Objects = {
          services: new Map(after.services.map((value) => [value.name, value])),
          slices: new Map(after.slices.map((value) => [value.name, value])),
        }
        let mend: (() => void) | undefined
        for (const [round, changes] of rounds.entries()) {
          if (round === trouble.from) {
            mend = spoil(running.socket, Buffer.from(trouble.service))
          }
          if (round === trouble.from + trouble.rounds) mend?.()
          for (const apply of changes) apply(running.session, objects)
          refused += committed(await running.session.sync()).refusals.length
          await proven(running.session)
        }
        mend?.()
        running.session.retryRefused()
        expect(committed(await running.session.sync()).refusals).toEqual([])
        const now = {
          services: [...objects.services.values()],
          slices: [...objects.slices.values()],
        }
        const { plan } = await propose(other, { cluster: now, node, settings: chosen })
        expect([...eachOperation(plan)].map(textOf)).toEqual([])
      },
    ),
    { numRuns: RUNS },
  )
  // How many there are depends on the runs; without any the test would prove nothing.
  expect(refused).toBeGreaterThan(0)
})

async function proven(session: NftablesSession): Promise<void> {
  const verified = await session.verify()
  if (verified.kind === 'failed') throw new Error(verified.reason)
  expect(verified.repaired.map(({ title, operations }) => [title, operations])).toEqual([])
}
