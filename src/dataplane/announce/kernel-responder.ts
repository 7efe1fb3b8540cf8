import type { Announced } from '../../announce/announced.ts'
import { heldByInterface, interfacesOf } from '../../apply/netdev/held.ts'
import type { Found } from '../../apply/netdev/read.ts'
import type { Address } from '../../model/address.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import { addressSet } from '../../ruleset/netdev/types.ts'
import { type Failed, failed, isOfKernel, kernelReason } from '../outcome.ts'
import { ReopeningSocket } from '../reopening-socket.ts'
import { Groups } from './groups.ts'
import { InOrder } from './in-order.ts'
import { KernelTableWriter, type Switching } from './kernel-table.ts'
import { NOTHING, type Wanted, withoutTaken } from './refusals.ts'
import type {
  AnswerCounts,
  Changed,
  HandoverParts,
  Inherited,
  Programmed,
  RanOut,
  Responder,
} from './responder.ts'
import { writeWhatCanBe } from './write-what-can-be.ts'

export interface KernelResponderOptions {
  readonly ownership: Ownership
  /** Whether pings to the addresses are answered, too. */
  readonly ping?: boolean
  /** Gets the outcome of putting the table back after another program had changed it. */
  readonly mended?: (outcome: Changed) => void
}

/** Has the kernel answer, by the rules of the table `netdev nodelb-announce` (ADR 0027). */
export class KernelResponder implements Responder {
  readonly kind = 'kernel'
  readonly #options: KernelResponderOptions
  readonly #socket: ReopeningSocket = new ReopeningSocket()
  readonly #inOrder: InOrder = new InOrder()
  readonly #groups: Groups = new Groups()
  #writer: { readonly of: object; readonly table: KernelTableWriter } | undefined
  #wanted: Wanted | undefined
  /** For what the groups of neighbours have not been compared with the kernel yet. */
  #unsettled: readonly Announced[] | undefined
  /** When the switch runs out, by the monotonic clock. */
  #until = 0
  #mending = false
  #closed = false

  constructor(options: KernelResponderOptions) {
    this.#options = options
  }

  inherited(): Promise<Inherited | Failed> {
    return this.#with(async (table) => {
      const found = await table.read(NOTHING)
      const foreign = table.ownedByAnother(found)
      if (foreign !== undefined) return foreign
      const addresses = heldByInterface(found)
      return { kind: 'inherited', left: found.switch, addresses }
    })
  }

  async revive(milliseconds: number): Promise<Programmed | Failed> {
    const revived = await this.#with((table) => {
      this.#wanted = NOTHING
      return this.#program(table, NOTHING, { kind: 'on', milliseconds })
    })
    return revived.kind === 'ran-out' ? failed('the switch is off') : revived
  }

  program(
    announced: readonly Announced[],
    milliseconds: number,
    { offered, done }: HandoverParts = { offered: [] },
  ): Promise<Changed> {
    return this.#with((table) => {
      const wanted = { announced, handovers: offered }
      this.#wanted = wanted
      return this.#program(table, { ...wanted, committed: done }, this.#renewing(milliseconds))
    })
  }

  renew(milliseconds: number): Promise<Changed> {
    return this.#with(async (table) => {
      const until = performance.now() + milliseconds
      const renewed = await table.renew(milliseconds)
      if (renewed.kind === 'failed') return renewed
      if (renewed.kind === 'renewed') {
        this.#until = until
        return this.#settle()
      }
      // If only the table is gone, it comes back with its switch on, and with what this process put there.
      if (this.#wanted === undefined) return RAN_OUT
      return this.#program(table, this.#wanted, this.#renewing(milliseconds))
    })
  }

  counts(): Promise<AnswerCounts | Failed> {
    return this.#with(async (table) => {
      return countsByInterface(await table.read(NOTHING))
    })
  }

  remove(): Promise<Programmed | Failed> {
    return this.#with(async (table) => {
      this.#wanted = undefined
      this.#unsettled = undefined
      this.#until = 0
      const refused = await table.remove()
      if (refused !== undefined) return refused
      await this.#groups.settle([])
      return PROGRAMMED
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#inOrder.run(async () => {
      this.#writer?.table.close()
      await this.#socket.close()
    })
  }

  async #settle(): Promise<Programmed> {
    const unsettled = this.#unsettled
    if (unsettled === undefined) return PROGRAMMED
    const refused = await this.#groups.settle(unsettled)
    this.#unsettled = undefined
    return { kind: 'programmed', refused }
  }

  #renewing(milliseconds: number): Switching {
    return { kind: 'renew', milliseconds, left: this.#until - performance.now() }
  }

  async #program(table: KernelTableWriter, wanted: Wanted, switching: Switching): Promise<Changed> {
    const moves = await this.#groups.join(wanted.announced)
    const began = performance.now()
    const written = await writeWhatCanBe(table, wanted, switching)
    if (written.kind !== 'written') return written
    const { announced, taken } = written
    // A table that is put back does not know any more what was taken from the one before.
    if (taken.length > 0) this.#wanted = withoutTaken(wanted, new Set(taken))
    if (switching.kind !== 'keep') this.#until = began + switching.milliseconds
    // In a handover another node waits to hear of it, so the rest comes with the renewal.
    this.#unsettled = moves ? announced : undefined
    const later = moves ? [] : await this.#groups.settle(announced)
    const refused = [...written.refused, ...later]
    return { kind: 'programmed', refused, ...(taken.length > 0 && { taken }) }
  }

  /** Puts the table back after others changed it; many changes at once need it once. */
  #mend(): void {
    if (this.#mending || this.#closed || this.#wanted === undefined) return
    this.#mending = true
    const told = (outcome: Changed): void => this.#options.mended?.(outcome)
    this.#with((table) => {
      this.#mending = false
      const left = this.#until - performance.now()
      return this.#program(table, this.#wanted ?? NOTHING, { kind: 'keep', left })
    }).then(told, (error) => told(failed(kernelReason(error))))
  }

  #with<Result>(
    task: (table: KernelTableWriter) => Promise<Result | Failed>,
  ): Promise<Result | Failed> {
    return this.#inOrder.run(async () => {
      if (this.#closed) return failed('the responder is closed')
      try {
        return await task(await this.#table())
      } catch (error) {
        if (isOfKernel(error)) return failed(kernelReason(error))
        throw error
      }
    })
  }

  /** A socket that broke is opened again, and with it everything that is known through it. */
  async #table(): Promise<KernelTableWriter> {
    const socket = await this.#socket.working()
    if (this.#writer?.of === socket) return this.#writer.table
    this.#writer?.table.close()
    this.#writer = undefined
    const { ownership, ping = false } = this.#options
    const table = await KernelTableWriter.open(socket, { ownership, ping }, () => this.#mend())
    this.#writer = { of: socket, table }
    return table
  }
}

const PROGRAMMED: Programmed = { kind: 'programmed', refused: [] }
const RAN_OUT: RanOut = { kind: 'ran-out' }

const FAMILIES = ['ipv4', 'ipv6'] as const

function countsByInterface(found: Found): AnswerCounts {
  const counted = (name: string): ReadonlyMap<Address, number> =>
    new Map(
      FAMILIES.flatMap((family) => [...(found.counts.get(addressSet(family, name)) ?? [])]).map(
        ([address, { packets }]) => [address, Number(packets)],
      ),
    )
  return new Map(interfacesOf(found.table).map((name) => [name, counted(name)]))
}
