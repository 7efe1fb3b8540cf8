import { loadIpvs } from '../../apply/ipvs/load.ts'
import type { IpvsSockets, OpenIpvsSockets } from '../../apply/ipvs/sockets.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import type { ForeignCommit } from '../../apply/nftables/monitor.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import type { Owner } from '../../frontend/label-text.ts'
import { grouped } from '../../plan/explain.ts'
import { hasFlowsToEnd } from '../../plan/ipvs/served.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import type { Holding } from '../claims.ts'
import type { Goal } from '../dataplane.ts'
import type { NftablesSession } from '../nftables/session.ts'
import { type StartedBeside, startSessionWith } from '../nftables/start-session.ts'
import { type Failed, orFailed } from '../outcome.ts'
import type {
  Committed,
  Connections,
  Session,
  SessionOptions,
  Started,
  Synced,
  Verified,
} from '../session.ts'
import { serverConnections } from './connections.ts'
import { beginWithIpvs, type IpvsSide, type PrepareNode } from './session-state.ts'
import type { IpvsOutcome } from './task.ts'

/** What a session needs of the node besides the socket of the tables. */
interface NodeParts {
  readonly open: OpenIpvsSockets
  /** Sets what ipvs needs on the node. */
  readonly prepare: PrepareNode
}

/** Does what `startSession` does, with ipvs beside the tables. */
export async function startIpvsSession(
  socket: NetlinkSocket,
  goal: Goal,
  options: SessionOptions,
  node: NodeParts,
): Promise<Started> {
  const started = await orFailed(() => start(socket, goal, options, node))
  return 'session' in started ? started : { kind: 'failed', outcome: started }
}

async function start(
  socket: NetlinkSocket,
  goal: Goal,
  options: SessionOptions,
  { open, prepare }: NodeParts,
): Promise<Extract<Started, { kind: 'started' }> | Failed> {
  const sockets = open()
  let started: StartedBeside<IpvsSide> | undefined
  try {
    await requireIpvs(sockets)
    started = await startSessionWith(socket, goal, options, (begun) =>
      beginWithIpvs({ sockets, prepare }, begun),
    )
    if (started.kind === 'failed') return started.outcome
    const session = new IpvsSession(started.session, started.beside, sockets)
    const first = await session.withIpvs(started.first)
    if (first.kind === 'committed') return { kind: 'started', session, first }
    session.close()
    return first
  } finally {
    if (started?.kind !== 'started') sockets.close()
  }
}

/** Loads ipvs; rejects with NetlinkError where the kernel has none. */
async function requireIpvs({ generic }: IpvsSockets): Promise<void> {
  const family = await loadIpvs(generic)
  if (family.kind === 'found') return
  const explanation = 'the kernel has no ipvs: load the kernel module ip_vs'
  throw new NetlinkError('ENOENT', 'ipvs', { explanation })
}

/** A session of the tables, whose commits include ipvs. */
class IpvsSession implements Session {
  readonly #tables: NftablesSession
  readonly #side: IpvsSide
  readonly #sockets: IpvsSockets

  constructor(tables: NftablesSession, side: IpvsSide, sockets: IpvsSockets) {
    this.#tables = tables
    this.#side = side
    this.#sockets = sockets
  }

  get renderer(): SessionRenderer {
    return this.#tables.renderer
  }

  get ownership(): Ownership {
    return this.#tables.ownership
  }

  get holds(): Holding {
    return this.#tables.holds
  }

  get closed(): boolean {
    return this.#tables.closed
  }

  doubt(): string | undefined {
    return this.#tables.doubt()
  }

  distrust(reason: string): void {
    this.#tables.distrust(reason)
  }

  /** Whether addresses of the node have come or gone, which are part of what is rendered. */
  get outdated(): boolean {
    return this.#side.outdated
  }

  async sync(): Promise<Synced> {
    this.#side.prepare()
    return this.withIpvs(await this.#tables.sync())
  }

  async verify(): Promise<Verified> {
    this.#side.prepare(true)
    const outcome = await this.#tables.verify()
    const done = this.#side.take()
    const { operations, intruders } = done
    if (outcome.kind === 'failed') return outcome
    if (intruders.length > 0) this.#side.yieldTo(intruders)
    const repaired = [...outcome.repaired, ...grouped(operations)]
    const changes = changesOfBoth(outcome, done)
    return { ...outcome, repaired, changes, operations: outcome.operations + operations.length }
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    return this.#tables.refusals()
  }

  served(): ServedFrontends {
    return this.#side.served()
  }

  /** Only reading everything shows which servers are still taken by other programs. */
  retryRefused(): void {
    if (this.refusals().size === 0) return
    this.#tables.retryRefused()
    this.#tables.distrust('what was refused is tried again')
  }

  onForeign(listener: (commit: ForeignCommit) => void): () => void {
    return this.#tables.onForeign(listener)
  }

  connections(): Promise<Connections> {
    return serverConnections(this.renderer)
  }

  close(): void {
    this.#tables.close()
    this.#sockets.close()
  }

  /**
   * Adds what ipvs did to the outcome; servers that other programs turn out to have are removed
   * from the tables.
   */
  async withIpvs(outcome: Synced): Promise<Synced> {
    const done = this.#side.take()
    if (outcome.kind === 'failed') return outcome
    if (done.intruders.length === 0) return joined(outcome, done)
    this.#side.yieldTo(done.intruders)
    const again = await this.withIpvs(await this.#tables.sync())
    if (again.kind === 'failed') return again
    const first = joined(outcome, done)
    return {
      ...first,
      operations: first.operations + again.operations,
      bytes: first.bytes + again.bytes,
      refusals: [...first.refusals, ...again.refusals],
      changes: [...first.changes, ...again.changes],
    }
  }
}

function joined(outcome: Committed, done: IpvsOutcome): Committed {
  const { operations, refusals } = done
  return {
    ...outcome,
    operations: outcome.operations + operations.length,
    refusals: [...outcome.refusals, ...refusals],
    changes: changesOfBoth(outcome, done),
  }
}

/** The tables beside ipvs name frontends whose connections ipvs ends itself, too. */
function changesOfBoth(
  tables: Pick<Committed, 'changes'>,
  ipvs: Pick<IpvsOutcome, 'changes'>,
): Committed['changes'] {
  return [...tables.changes.filter(hasFlowsToEnd), ...ipvs.changes]
}
