// A process with a session on a fixture's rule set. Says `started` and lives until it is killed.

import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import { fixtureGoal } from '../support/goal.ts'

const started = await startSession(NetlinkSocket.open(), fixtureGoal(process.argv[2] ?? ''))
if (started.kind === 'failed') throw new Error(started.outcome.reason)
console.log('started')
setInterval(() => undefined, 1 << 30)
