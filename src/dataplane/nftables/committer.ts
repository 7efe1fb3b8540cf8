import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import {
  type Batch,
  type CommitOutcome,
  commitBatch,
  toBatch,
} from '../../apply/nftables/commit.ts'
import { type Monitor, next } from '../../apply/nftables/monitor.ts'
import { operationCount, type Plan } from '../../plan/nftables/operation.ts'

const ATTEMPTS = 10
/**
 * For a plan of so many operations the monitor stops listening, unless other programs commit too.
 * Opening it anew takes some milliseconds, and a commit of others in that time makes ours stale.
 */
const LARGE = 2_000

/** How plans for the tables get to the kernel, with what goes with them. */
export type Commits = Pick<Committer, 'commit' | 'generation' | 'isCurrent' | 'knows' | 'untouched'>

/**
 * Commits what was planned for the tables as they were at a generation. Where the agent owns them,
 * nobody else can have changed them since; elsewhere the kernel compares the generation, and the
 * monitor tells whether commits of others in between matter.
 */
export class Committer {
  readonly #socket: NetlinkSocket
  readonly #monitor: Monitor | undefined
  /** Of the tables that are known: the last commit, or one like it for us. */
  #generation = 0

  constructor(socket: NetlinkSocket, monitor: Monitor | undefined) {
    this.#socket = socket
    this.#monitor = monitor
  }

  get generation(): number {
    return this.#generation
  }

  /** The tables are known as they were at this generation. */
  knows(generation: number): void {
    this.#generation = generation
  }

  /** Whether no commit after `from`, up to `to`, can have changed our tables. */
  async untouched(from: number, to: number): Promise<boolean> {
    return from === to || (await this.#monitor?.untouched(from, to)) === true
  }

  /** Whether the tables are still those that are known. */
  async isCurrent(): Promise<boolean> {
    const now = await this.#socket.generation()
    if (!(await this.untouched(this.#generation, now))) return false
    this.#generation = now
    return true
  }

  /** `owned`: all the tables that the plan is about can only be changed by this socket. */
  async commit(plan: Plan, owned: boolean): Promise<CommitOutcome> {
    if (plan.length === 0) return { kind: 'committed', bytes: 0 }
    const planned = this.#generation
    const batch = await toBatch(plan)
    if (owned) return this.#send(batch, 0, true)
    for (let attempt = 1; ; attempt++) {
      // Encoding took its time, and others may commit many times a second.
      this.#generation = this.#monitor?.latestLike(this.#generation) ?? this.#generation
      const alone = this.#generation === planned
      const outcome = await this.#send(batch, this.#generation, alone)
      if (outcome.kind === 'committed') this.#generation = next(this.#generation)
      if (outcome.kind !== 'stale' || attempt === ATTEMPTS || !(await this.isCurrent())) {
        return outcome
      }
    }
  }

  /** `alone`: others do not commit, or it does not matter what they do. */
  #send(batch: Batch, generation: number, alone: boolean): Promise<CommitOutcome> {
    const commit = () => commitBatch(this.#socket, batch, generation)
    return alone && this.#monitor !== undefined && operationCount(batch.plan) >= LARGE
      ? this.#monitor.deaf(commit)
      : commit()
  }
}
