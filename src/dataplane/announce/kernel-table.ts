import type { Announced } from '../../announce/announced.ts'
import { commitAnnounce, type Refused } from '../../apply/netdev/commit.ts'
import { type Found, readAnnounceTable } from '../../apply/netdev/read.ts'
import { watchAnnounceTable } from '../../apply/netdev/watch.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { ownPort } from '../../apply/nftables/port.ts'
import { supportsOwnership } from '../../apply/nftables/supports-ownership.ts'
import { textOf } from '../../plan/netdev/explain.ts'
import { type Plan, renewal } from '../../plan/netdev/operation.ts'
import { committedTable, isAnew, planAnnounce } from '../../plan/netdev/plan.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import { announceTable } from '../../render/announce/table.ts'
import type { KernelTable } from '../../ruleset/netdev/types.ts'
import { ownedByAnother } from '../nftables/table-owner.ts'
import { type Failed, failed } from '../outcome.ts'

/** The table was brought to what is wanted; `anew`: it was made, so that its switch was off. */
interface Written {
  readonly kind: 'written'
  readonly anew: boolean
}

/** The kernel refused something that has to do with this interface, such as one that is gone. */
interface WithoutInterface {
  readonly kind: 'refused-interface'
  readonly name: string
  readonly reason: string
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
  #unwatch: (() => void) | undefined
  /** Undefined if the table has to be read first. */
  #known: KernelTable | undefined
  #foreignChanges = 0

  /** Rejects with NetlinkError. `changed`: somebody else changed the table. */
  static async open(
    socket: NetlinkSocket,
    wished: Ownership,
    changed: () => void,
  ): Promise<KernelTableWriter> {
    const can = wished === 'kernel' && (await supportsOwnership(socket))
    const writer = new KernelTableWriter(socket, await ownPort(socket), can ? 'kernel' : 'none')
    if (!can) {
      writer.#unwatch = watchAnnounceTable(writer.#port, () => {
        writer.#known = undefined
        writer.#foreignChanges += 1
        changed()
      })
    }
    return writer
  }

  private constructor(socket: NetlinkSocket, port: number, ownership: Ownership) {
    this.#socket = socket
    this.#port = port
    this.#ownership = ownership
  }

  /**
   * Reads the table; rules are recognised if they are those of these interfaces. Rejects with
   * NetlinkError.
   */
  read(announced: readonly Announced[]): Promise<Found> {
    const rules = [...announceTable(announced).chains.values()].flatMap((chain) => chain.rules)
    return readAnnounceTable(this.#socket, rules)
  }

  /** Returns why the table cannot be changed, if it belongs to another process. */
  ownedByAnother({ table }: Found): Failed | undefined {
    const reason = ownedByAnother([table?.owner], this.#port)
    return reason === undefined ? undefined : failed(reason)
  }

  /**
   * Brings the table to what is wanted, in one transaction. A table that is made anew gets its
   * switch on for `left` milliseconds, or for as long as the former one. Rejects with NetlinkError.
   */
  async write(
    announced: readonly Announced[],
    left: number,
  ): Promise<Written | WithoutInterface | Failed> {
    const wanted = announceTable(announced)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = this.#foreignChanges
      const read = this.#known === undefined ? await this.read(announced) : undefined
      const foreign = read && this.ownedByAnother(read)
      if (foreign !== undefined) return foreign
      const steps = planAnnounce(read?.table ?? this.#known, wanted, this.#ownership)
      const plan = withSwitch(steps, Math.max(left, read?.switch ?? 0))
      const outcome = await this.#commit(plan, read?.generation ?? 0)
      this.#known = undefined
      if (outcome.kind === 'committed') {
        // A change by others during the commit may have come before or after it.
        if (before === this.#foreignChanges) {
          this.#known = committedTable(wanted, this.#ownership, this.#port)
        }
        return { kind: 'written', anew: isAnew(steps) }
      }
      // What was known is not so: the next attempt reads.
      if (outcome.kind === 'refused' && read !== undefined) return judge(outcome.refused)
      if (outcome.kind === 'failed') return failed(outcome.reason)
    }
    return failed('the rule set of the kernel changes all the time')
  }

  /** Turns the switch on. Returns undefined if there is none. Rejects with NetlinkError. */
  async renew(milliseconds: number): Promise<Written | Failed | undefined> {
    const outcome = await this.#commit(renewal(milliseconds), 0)
    if (outcome.kind === 'committed') return { kind: 'written', anew: false }
    this.#known = undefined
    if (outcome.kind === 'refused') {
      const [{ operation, errno }] = outcome.refused
      return errno === 'ENOENT' ? undefined : failed(`${textOf(operation)}: ${errno}`)
    }
    return failed(outcome.kind === 'failed' ? outcome.reason : outcome.kind)
  }

  /** Deletes the table if there is one. Rejects with NetlinkError. */
  async remove(): Promise<Failed | undefined> {
    const read = await this.read([])
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

  #commit(plan: Plan, generation: number): ReturnType<typeof commitAnnounce> {
    if (plan.length === 0) return Promise.resolve({ kind: 'committed' })
    return commitAnnounce(this.#socket, plan, generation)
  }
}

function withSwitch(plan: Plan, left: number): Plan {
  const milliseconds = Math.floor(left)
  if (milliseconds < 1 || !isAnew(plan)) return plan
  return [...plan, { kind: 'switch-on', milliseconds }]
}

function judge(refused: readonly [Refused, ...Refused[]]): WithoutInterface | Failed {
  const [{ operation, errno }] = refused
  const reason = `${textOf(operation)}: ${errno}`
  for (const { operation } of refused) {
    if (operation.kind === 'add-chain' || operation.kind === 'add-rule') {
      return { kind: 'refused-interface', name: operation.chain, reason }
    }
  }
  return failed(reason)
}
