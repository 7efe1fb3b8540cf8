import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import {
  type Batch,
  type CommitOutcome,
  commitBatch,
  toBatch,
} from '../../apply/nftables/commit.ts'
import { type Monitor, next } from '../../apply/nftables/monitor.ts'
import { operationCount, type Plan } from '../../plan/nftables/operation.ts'
import type { Changes } from '../../render/assembly.ts'
import type { ElementStep } from '../../ruleset/nftables/types.ts'

const ATTEMPTS = 10
/**
 * Operations from which on the monitor stops listening during a commit, unless other programs
 * commit too. Opening it again takes some milliseconds, and a commit by others in that time makes
 * nodelb's stale.
 */
const LARGE = 2_000

/** How plans for the tables reach the kernel. */
export type Commits = Pick<
  Committer,
  'commit' | 'doubt' | 'follows' | 'generation' | 'isCurrent' | 'knows' | 'untouched'
>

/**
 * Commits what was planned for the tables as they were at a generation. Where the agent owns them,
 * nothing else can have changed them since. Elsewhere the kernel compares the generation, and the
 * monitor tells whether commits by others in between matter.
 */
export class Committer {
  readonly #socket: NetlinkSocket
  readonly #monitor: Monitor | undefined
  /**
   * The generation of the known tables: the last commit, or a later one that did not touch them.
   */
  #generation = 0

  constructor(socket: NetlinkSocket, monitor: Monitor | undefined) {
    this.#socket = socket
    this.#monitor = monitor
  }

  get generation(): number {
    return this.#generation
  }

  /** Returns why everything has to be compared; a committer of tables alone never knows of that. */
  doubt(): string | undefined {
    return undefined
  }

  /** Returns the changes that are to be planned for the tables. */
  follows({ elements }: Changes): readonly ElementStep[] {
    return elements
  }

  /** Notes that the tables are known as they were at this generation. */
  knows(generation: number): void {
    this.#generation = generation
  }

  /**
   * Returns whether it is certain that no commit after `from`, up to `to`, changed nodelb's tables.
   */
  async untouched(from: number, to: number): Promise<boolean> {
    return from === to || (await this.#monitor?.untouched(from, to)) === true
  }

  /** Returns whether the tables are still the known ones. Rejects with NetlinkError. */
  async isCurrent(): Promise<boolean> {
    const now = await this.#socket.generation()
    if (!(await this.untouched(this.#generation, now))) return false
    this.#generation = now
    return true
  }

  /**
   * Commits a plan. `owned`: only this socket can change the tables of the plan. Rejects with
   * NetlinkError.
   */
  async commit(plan: Plan, owned: boolean): Promise<CommitOutcome> {
    if (plan.length === 0) return { kind: 'committed', bytes: 0 }
    const planned = this.#generation
    const batch = await toBatch(plan)
    if (owned) return this.#send(batch, 0, true)
    for (let attempt = 1; ; attempt++) {
      // Encoding took time, and others may commit many times a second.
      this.#generation = this.#monitor?.latestLike(this.#generation) ?? this.#generation
      const alone = this.#generation === planned
      const outcome = await this.#send(batch, this.#generation, alone)
      if (outcome.kind === 'committed') this.#generation = next(this.#generation)
      if (outcome.kind !== 'stale' || attempt === ATTEMPTS || !(await this.isCurrent())) {
        return outcome
      }
    }
  }

  /** `alone`: no other program commits, or it does not matter if one does. */
  #send(batch: Batch, generation: number, alone: boolean): Promise<CommitOutcome> {
    const commit = () => commitBatch(this.#socket, batch, generation)
    return alone && this.#monitor !== undefined && operationCount(batch.plan) >= LARGE
      ? this.#monitor.deaf(commit)
      : commit()
  }
}
