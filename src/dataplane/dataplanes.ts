import type { AffinityFill } from '../apply/nftables/affinity-fill.ts'
import type { SysctlOutcome } from '../apply/sysctl/prepare-node.ts'
import type { BackendKind } from '../model/backend.ts'
import type { Settings } from '../model/node.ts'
import { type BackendChoice, chooseBackend } from './backend-choice.ts'
import { Claims, type Holder, NO_HOLDING } from './claims.ts'
import type { Dataplane, Goal, Programmed } from './dataplane.ts'
import { IptablesDataplane } from './iptables/dataplane.ts'
import { IpvsDataplane } from './ipvs/dataplane.ts'
import { Leftovers } from './leftovers.ts'
import { NftablesDataplane } from './nftables/dataplane.ts'
import type { Removal } from './removal.ts'
import { SteadySocket } from './reopening-socket.ts'
import type { SessionOptions, Started } from './session.ts'

interface DataplanesOptions {
  /** The file that keeps what settings of the kernel were before. */
  readonly sysctlFile?: string
  readonly onSysctl?: (outcome: SysctlOutcome) => void
  /** In place of those of this machine. */
  readonly backends?: (claims: Claims) => Backends
}

/** What programs the kernel, and what removes from it what is not claimed. */
export interface Backends {
  readonly of: (settings: Settings) => Dataplane
  readonly leftovers: Pick<Leftovers, 'remove' | 'forgetServers'>
}

/** In a folder that a reboot empties: it resets the settings as well. */
export const SYSCTL_FILE = '/run/nodelb/sysctls.json'

interface Decided {
  readonly goal: Goal
  /** Undefined where the settings name the backend. */
  readonly choice: BackendChoice | undefined
}

/**
 * The backends, with what they share: one socket owns the nftables tables of whichever it is. What
 * programs the kernel and what removes from it take turns; a backend that is about to start ends a
 * removal that is under way, so that nothing is removed that may be in use.
 */
export class Dataplanes {
  readonly #socket: SteadySocket = new SteadySocket()
  readonly #claims: Claims = new Claims()
  readonly #leftovers: Backends['leftovers']
  readonly of: Backends['of']
  #programmed: Holder & { closed: boolean } = { holds: NO_HOLDING, closed: true }
  #starting = 0
  #removal: { readonly stop: AbortController; readonly ended: Promise<unknown> } | undefined

  constructor(options: DataplanesOptions = {}) {
    const { backends = (claims) => ofThisMachine(this.#socket, claims, options) } = options
    const { of, leftovers } = backends(this.#claims)
    this.of = of
    this.#leftovers = leftovers
  }

  /** The goal with a backend that this kernel has, where that was left open. */
  async decide(goal: Goal): Promise<Decided> {
    const { fallback, ...settings } = goal.settings
    if (fallback === undefined) return { goal, choice: undefined }
    const choice = await chooseBackend()
    const backend = choice.backend === 'iptables' ? fallback : settings.backend
    return { goal: { ...goal, settings: { ...settings, backend } }, choice }
  }

  /** Until the session is closed, nothing of what it programs is removed. Rejects with NetlinkError. */
  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    return this.#undisturbed(async () => {
      const started = await this.of(goal.settings).start(goal, options)
      if (started.kind === 'failed') return started
      this.#claims.add(started.session)
      if (started.session.holds.ipvs !== undefined) this.#leftovers.forgetServers()
      return started
    })
  }

  /** What is programmed is in use until something else is. Rejects with NetlinkError. */
  async program(goal: Goal): Promise<Programmed> {
    return this.#undisturbed(async () => {
      const outcome = await this.of(goal.settings).program(goal)
      if (outcome.kind === 'failed') return outcome
      this.#programmed.closed = true
      this.#programmed = { holds: outcome.holds, closed: false }
      this.#claims.add(this.#programmed)
      if (outcome.holds.ipvs !== undefined) this.#leftovers.forgetServers()
      return outcome
    })
  }

  /** Removes what any backend left and is not in use, until the signal is aborted. */
  async remove(signal?: AbortSignal): Promise<Removal> {
    while (this.#removal !== undefined) await this.#endRemoval()
    if (this.#starting > 0) return { kind: 'overtaken', removed: [] }
    const stop = new AbortController()
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
    const ended = this.#leftovers.remove(either)
    const removal = { stop, ended }
    this.#removal = removal
    try {
      return await ended
    } finally {
      if (this.#removal === removal) this.#removal = undefined
    }
  }

  /** Of the nftables rule set; undefined where the kernel does not say. */
  generation(): Promise<number | undefined> {
    return this.#socket.generation()
  }

  /** How full the memory of clients is, in the tables of nftables. */
  affinity(): Promise<readonly AffinityFill[]> {
    return this.#socket.affinity()
  }

  /** Resolves when the kernel has let go of the tables that the socket owned. */
  close(): Promise<void> {
    return this.#socket.close()
  }

  async #undisturbed<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#starting += 1
    try {
      await this.#endRemoval()
      return await task()
    } finally {
      this.#starting -= 1
    }
  }

  async #endRemoval(): Promise<void> {
    this.#removal?.stop.abort()
    await this.#removal?.ended
  }
}

function ofThisMachine(
  socket: SteadySocket,
  claims: Claims,
  { sysctlFile = SYSCTL_FILE, onSysctl = () => undefined }: DataplanesOptions,
): Backends {
  const leftovers = new Leftovers({ socket, claims, sysctlFile })
  const dataplanes: Readonly<Record<BackendKind, Dataplane>> = {
    nftables: new NftablesDataplane(socket, () => leftovers.noteServers()),
    iptables: new IptablesDataplane(),
    ipvs: new IpvsDataplane({ socket, sysctlFile, onSysctl }),
  }
  return { of: ({ backend }) => dataplanes[backend.kind], leftovers }
}
