import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { Monitor } from '../../apply/nftables/monitor.ts'
import { ownPort } from '../../apply/nftables/port.ts'
import { supportsOwnership } from '../../apply/nftables/supports-ownership.ts'
import type { Goal } from '../dataplane.ts'
import { type Failed, orFailed } from '../outcome.ts'
import type { SessionOptions, Started, Synced } from '../session.ts'
import { Committer } from './committer.ts'
import { NftablesSession } from './session.ts'
import { type Begin, beginWithTables } from './session-begin.ts'

/**
 * Reads the kernel, brings it to the goal, and returns a session that follows changes. Any
 * NetlinkError becomes a failed outcome.
 */
export function startSession(
  socket: NetlinkSocket,
  goal: Goal,
  options: SessionOptions = {},
): Promise<Started<NftablesSession>> {
  return startSessionWith(socket, goal, options, beginWithTables)
}

type Begun<Beside> = Extract<Started<NftablesSession>, { kind: 'started' }> & {
  readonly beside: Beside
}

/** A session of the tables, with what its backend has besides. */
export type StartedBeside<Beside> =
  | Begun<Beside>
  | Extract<Started<NftablesSession>, { kind: 'failed' }>

/** Does the same for a backend that has more than tables; `begin` reads and renders that, too. */
export async function startSessionWith<Beside>(
  socket: NetlinkSocket,
  goal: Goal,
  options: SessionOptions,
  begin: Begin<Beside>,
): Promise<StartedBeside<Beside>> {
  const started = await orFailed(() => start(socket, goal, options, begin))
  return 'session' in started ? started : { kind: 'failed', outcome: started }
}

async function start<Beside>(
  socket: NetlinkSocket,
  goal: Goal,
  { ownership = 'kernel', watch = false }: SessionOptions,
  begin: Begin<Beside>,
): Promise<Begun<Beside> | Failed> {
  const port = await ownPort(socket)
  const able = ownership === 'kernel' && (await supportsOwnership(socket))
  const monitor = watch ? await Monitor.open(socket) : undefined
  let first: Synced | undefined
  try {
    const tables = new Committer(socket, monitor)
    const { state, beside, ...begun } = await begin({ socket, goal, tables })
    const parts = { socket, port, ...begun, settings: goal.settings }
    const session = new NftablesSession({ ...parts, ownership: able ? 'kernel' : 'none' }, monitor)
    first = await session.begin(state)
    return first.kind === 'committed' ? { kind: 'started', session, first, beside } : first
  } finally {
    if (first?.kind !== 'committed') monitor?.close()
  }
}
