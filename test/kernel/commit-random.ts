// Runs inside a network namespace of its own: walks the kernel through random clusters, following
// changes in a session and committing whole goals, and says what went wrong, if anything.
import fc from 'fast-check'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { type ProgramOutcome, program, propose } from '../../src/dataplane/nftables/program.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { Synced } from '../../src/dataplane/session.ts'
import { change, keptObjects } from '../support/changes.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'

const [walks, steps] = process.argv.slice(2).map(Number)
const socket = NetlinkSocket.open()

function accepted(outcome: ProgramOutcome | Synced): void {
  if (outcome.kind === 'failed' || outcome.refusals.length > 0) {
    throw new Error(
      `refused: ${JSON.stringify(outcome.kind === 'failed' ? outcome : outcome.refusals)}`,
    )
  }
}

await fc.assert(
  fc.asyncProperty(
    cluster,
    cluster,
    settings,
    fc.array(change, { minLength: steps ?? 5, maxLength: steps ?? 5 }),
    async (before, after, chosen, changes) => {
      accepted(await program(socket, { cluster: before, node, settings: chosen }))
      const started = await startSession(socket, { cluster: after, node, settings: chosen })
      if (started.kind === 'failed') throw new Error(JSON.stringify(started.outcome))
      const { session } = started
      const objects = keptObjects(after)
      for (const each of changes) {
        each(session.renderer)
        each(objects)
        accepted(await session.sync())
      }
      const { plan } = await propose(socket, { cluster: objects.cluster(), node, settings: chosen })
      if (plan.length > 0) throw new Error(`after following: ${plan.length} operations are missing`)
    },
  ),
  { numRuns: walks ?? 50 },
)
socket.close()
