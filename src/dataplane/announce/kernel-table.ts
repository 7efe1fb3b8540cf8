import { commitAnnounce } from '../../apply/netdev/commit.ts'
import { type Found, readAnnounceTable } from '../../apply/netdev/read.ts'
import { watchAnnounceTable } from '../../apply/netdev/watch.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { ownPort } from '../../apply/nftables/port.ts'
import { supportsOwnership } from '../../apply/nftables/supports-ownership.ts'
import { type Plan, renewal, turningOn } from '../../plan/netdev/operation.ts'
import { committedFirst, committedTable, isAnew, planAnnounce } from '../../plan/netdev/plan.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import { announceTable } from '../../render/announce/table.ts'
import type { KernelTable, Table } from '../../ruleset/netdev/types.ts'
import { ownedByAnother } from '../nftables/table-owner.ts'
import { type Failed, failed } from '../outcome.ts'
import {
  isTaken,
  judge,
  judgeSwitch,
  NOTHING,
  type TakenMeanwhile,
  takenMeanwhile,
  type Wanted,
  type WithoutHandovers,
  type WithoutInterface,
} from './refusals.ts'
import type { RanOut } from './responder.ts'

/** The table was brought to what is wanted. */
interface Written {
  readonly kind: 'written'
}

interface Renewed {
  readonly kind: 'renewed'
}

/** What a change does to the switch; `left`: the milliseconds that it should still be on. */
export type Switching =
  /** Leaves it; in a table that is made anew it is on for what is left. */
  | { readonly kind: 'keep'; readonly left: number }
  /** Keeps it on for longer. The change fails if it has run out. */
  | { readonly kind: 'renew'; readonly milliseconds: number; readonly left: number }
  /** Turns it on, whether or not it has run out. */
  | { readonly kind: 'on'; readonly milliseconds: number }

interface WriterOptions {
  readonly ownership: Ownership
  /** Whether pings to the addresses are answered, too. */
  readonly ping: boolean
}

const ATTEMPTS = 10

/**
 * The table of announcements, through one socket: while that is open and the kernel has ownership,
 * nobody else can change the table (ADR 0011), so it is read once. Otherwise a watch tells when it
 * has to be read again.
 */
export class KernelTableWriter {
  readonly #socket: NetlinkSocket
  readonly #port: number
  readonly #ownership: Ownership
  readonly #ping: boolean
  #unwatch: (() => void) | undefined
  /** Undefined if the table has to be read first. */
  #known: KernelTable | undefined
  #foreignChanges = 0

  /** Rejects with NetlinkError. `changed`: another program changed the table. */
  static async open(
    socket: NetlinkSocket,
    { ownership: wished, ping }: WriterOptions,
    changed: () => void,
  ): Promise<KernelTableWriter> {
    const can = wished === 'kernel' && (await supportsOwnership(socket))
    const options = { ping, ownership: can ? 'kernel' : 'none' } as const
    const writer = new KernelTableWriter(socket, await ownPort(socket), options)
    if (!can) {
      writer.#unwatch = watchAnnounceTable(writer.#port, () => {
        writer.#known = undefined
        writer.#foreignChanges += 1
        changed()
      })
    }
    return writer
  }

  private constructor(socket: NetlinkSocket, port: number, options: WriterOptions) {
    this.#socket = socket
    this.#port = port
    this.#ownership = options.ownership
    this.#ping = options.ping
  }

  /**
   * Reads the table; rules are recognised if they are wanted. Rejects with NetlinkError.
   */
  read(wanted: Wanted): Promise<Found> {
    const rules = [...this.#tableOf(wanted).chains.values()].flatMap((chain) => chain.rules)
    return readAnnounceTable(this.#socket, rules)
  }

  /** Returns why the table cannot be changed, if it belongs to another process. */
  ownedByAnother({ table }: Found): Failed | undefined {
    const reason = ownedByAnother([table?.owner], this.#port)
    return reason === undefined ? undefined : failed(reason)
  }

  /** Brings the table to what is wanted, in one transaction. Rejects with NetlinkError. */
  async write(
    wanted: Wanted,
    switching: Switching,
  ): Promise<Written | WithoutInterface | WithoutHandovers | TakenMeanwhile | RanOut | Failed> {
    const table = this.#tableOf(wanted)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = this.#foreignChanges
      const read = this.#known === undefined ? await this.read(wanted) : undefined
      const foreign = read && this.ownedByAnother(read)
      if (foreign !== undefined) return foreign
      const taken = read && takenMeanwhile(read, wanted)
      if (taken !== undefined) return taken
      const steps = planAnnounce(read?.table ?? this.#known, table, this.#ownership)
      const plan = withSwitch(steps, switching, read?.switch)
      if (plan === undefined) return { kind: 'ran-out' }
      const first = committedFirst(plan)
      const told = first === undefined ? wanted.committed : undefined
      const outcome = await this.#commit(first ?? plan, read?.generation ?? 0, told)
      this.#known = undefined
      if (outcome.kind === 'committed') {
        if (first !== undefined) continue
        // A change by others during the commit may have come before or after it.
        if (before === this.#foreignChanges) {
          this.#known = committedTable(table, this.#ownership, this.#port)
        }
        return { kind: 'written' }
      }
      // What was known is not so: the next attempt reads.
      if (outcome.kind === 'refused' && read !== undefined && !isTaken(outcome.refused)) {
        return judge(outcome.refused)
      }
      if (outcome.kind === 'failed') return failed(outcome.reason)
    }
    return failed('the rule set of the kernel changes all the time')
  }

  /**
   * Keeps the switch on for longer. If there is none that is on, nothing is changed. Rejects with
   * NetlinkError.
   */
  async renew(milliseconds: number): Promise<Renewed | RanOut | Failed> {
    const outcome = await this.#commit(renewal(milliseconds), 0)
    if (outcome.kind === 'committed') return { kind: 'renewed' }
    this.#known = undefined
    if (outcome.kind === 'refused') return judgeSwitch(outcome.refused[0])
    return failed(outcome.kind === 'failed' ? outcome.reason : outcome.kind)
  }

  /** Deletes the table if there is one. Rejects with NetlinkError. */
  async remove(): Promise<Failed | undefined> {
    const read = await this.read(NOTHING)
    const foreign = this.ownedByAnother(read)
    if (foreign !== undefined || read.table === undefined) return foreign
    this.#known = undefined
    const outcome = await this.#commit([{ kind: 'delete-table' }], 0)
    if (outcome.kind === 'committed') return undefined
    return failed(outcome.kind === 'failed' ? outcome.reason : outcome.kind)
  }

  close(): void {
    this.#unwatch?.()
  }

  #tableOf({ announced, handovers }: Wanted): Table {
    return announceTable(announced, { ping: this.#ping, handovers })
  }

  #commit(
    plan: Plan,
    generation: number,
    committed?: () => void,
  ): ReturnType<typeof commitAnnounce> {
    if (plan.length === 0) return Promise.resolve({ kind: 'committed' })
    return commitAnnounce(this.#socket, plan, generation, committed)
  }
}

/** Returns undefined if the switch has run out and must not have. */
function withSwitch(plan: Plan, switching: Switching, on: number | undefined): Plan | undefined {
  if (switching.kind === 'on') return [...plan, ...turningOn(switching.milliseconds)]
  const left = Math.floor(Math.max(switching.left, on ?? 0))
  if (switching.kind === 'keep') {
    return left < 1 || !isAnew(plan) ? plan : [...plan, ...turningOn(left)]
  }
  if (!isAnew(plan)) return [...plan, ...renewal(switching.milliseconds)]
  return left < 1 ? undefined : [...plan, ...turningOn(switching.milliseconds)]
}
