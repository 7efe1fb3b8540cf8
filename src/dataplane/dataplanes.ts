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
import { ReopeningSocket } from './reopening-socket.ts'
import type { SessionOptions, Started } from './session.ts'

interface DataplanesOptions {
  /** The file that keeps the former values of the kernel's settings. */
  readonly sysctlFile?: string
  readonly onSysctl?: (outcome: SysctlOutcome) => void
  /** Replaces the backends of this machine. */
  readonly backends?: (claims: Claims) => Backends
}

/** The backends that program the kernel, and the removal of what is not claimed. */
export interface Backends {
  readonly of: (settings: Settings) => Dataplane
  readonly leftovers: Pick<Leftovers, 'remove' | 'forgetServers'>
}

/** A file in a folder that a reboot empties, which resets the settings as well. */
export const SYSCTL_FILE = '/run/nodelb/sysctls.json'

interface Decided {
  readonly goal: Goal
  /** Undefined where the settings name the backend. */
  readonly choice: BackendChoice | undefined
}

/**
 * The backends and what they share: one socket owns the nftables tables, whichever backend uses
 * them. Programming and removal take turns. A backend that is about to start ends a removal under
 * way, so that nothing is removed that may be in use.
 */
export class Dataplanes {
  readonly #socket: ReopeningSocket = new ReopeningSocket()
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

  /**
   * Returns the goal with a backend that this kernel supports, if the settings left it open.
   * Rejects with NetlinkError if that cannot be found out.
   */
  async decide(goal: Goal): Promise<Decided> {
    const { fallback, ...settings } = goal.settings
    if (fallback === undefined) return { goal, choice: undefined }
    const choice = await chooseBackend()
    const backend = choice.backend === 'iptables' ? fallback : settings.backend
    return { goal: { ...goal, settings: { ...settings, backend } }, choice }
  }

  /**
   * Starts a session. Until it is closed, nothing that it programs is removed. Rejects with
   * NetlinkError.
   */
  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    return this.#undisturbed(async () => {
      const started = await this.of(goal.settings).start(goal, options)
      if (started.kind === 'failed') return started
      this.#claims.add(started.session)
      if (started.session.holds.ipvs !== undefined) this.#leftovers.forgetServers()
      return started
    })
  }

  /**
   * Programs the goal, which is in use until another one is programmed. Rejects with NetlinkError.
   */
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

  /**
   * Returns the generation of the nftables rule set; undefined where the kernel does not answer.
   */
  generation(): Promise<number | undefined> {
    return this.#socket.generation()
  }

  /** Returns how full the memory of clients is, in the nftables tables. */
  affinity(): Promise<readonly AffinityFill[]> {
    return this.#socket.affinity()
  }

  /** Resolves when the kernel has released the tables that the socket owned. */
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
  socket: ReopeningSocket,
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
