import { NetlinkError } from '../../src/apply/netlink/netlink-error.ts'
import type { Claims, Holding } from '../../src/dataplane/claims.ts'
import { holdingChains, holdingTables } from '../../src/dataplane/claims.ts'
import type { Dataplane, Goal } from '../../src/dataplane/dataplane.ts'
import type { Backends } from '../../src/dataplane/dataplanes.ts'
import { type Failed, failed, orFailed } from '../../src/dataplane/outcome.ts'
import type { Removal } from '../../src/dataplane/removal.ts'
import type {
  Committed,
  Connections,
  ForeignChange,
  Session,
  Started,
  Synced,
  Verified,
} from '../../src/dataplane/session.ts'
import type { SessionRenderer } from '../../src/exempt/session-renderer.ts'
import { nothingServed, type ServedFrontends } from '../../src/frontend/frontend-change.ts'
import type { Settings } from '../../src/model/node.ts'
import type { ServiceObject } from '../../src/model/service.ts'

// A kernel and three backends as the reconciler meets them: everything takes its time, which the
// test decides, anything may fail, and others change what is there. What the backends program is a
// text that says which configuration and which objects it is for.

export const PARTS = ['servers', 'tables', 'chains'] as const
export type Part = (typeof PARTS)[number]
export const BACKENDS = ['nftables', 'ipvs', 'iptables'] as const
export type BackendName = (typeof BACKENDS)[number]
export type Trouble = 'refused' | 'socket' | 'bug'

const PARTS_OF: Readonly<Record<BackendName, readonly Part[]>> = {
  nftables: ['tables'],
  ipvs: ['servers', 'tables'],
  iptables: ['chains'],
}

const HOLDING: Readonly<Record<BackendName, Holding>> = {
  nftables: holdingTables(),
  ipvs: holdingTables('kube-ipvs0'),
  iptables: holdingChains('nft'),
}

export const BUG = 'an exception that was not foreseen'

const CHANGED = 'changed by others'

class Refused extends Error {}

export class ImaginedKernel {
  readonly parts: Map<Part, string> = new Map()
  /** Of configurations that cannot be started, the bit that tells them apart. */
  readonly broken: Set<number> = new Set()
  /** What goes wrong next, in this order. */
  readonly troubles: Trouble[] = []
  /** What happened that must not. */
  readonly violations: string[] = []
  /**
   * The parts of the backend that was started last: they lead packets with or without a session.
   */
  inForce: readonly Part[] = []
  readonly sessions: Set<ImaginedSession> = new Set()
  starting = 0
  /** How often nodelb changed anything. */
  changes = 0
  readonly #pending: (() => void)[] = []
  /** Commits of others, by part. */
  readonly #foreign: Map<Part, number> = new Map()

  get waiting(): number {
    return this.#pending.length
  }

  /** Something that is under way comes to its end. */
  finish(which: number): void {
    const [end] = this.#pending.splice(which % Math.max(1, this.#pending.length), 1)
    end?.()
  }

  /** Resolves when the test says so, or fails as it says. */
  async takesTime(): Promise<void> {
    await new Promise<void>((resolve) => this.#pending.push(resolve))
    const trouble = this.troubles.shift()
    if (trouble === 'refused') throw new Refused()
    if (trouble === 'socket') throw new NetlinkError('EIO', 'netlink socket broke')
    if (trouble === 'bug') throw new Error(BUG)
  }

  set(part: Part, content: string | undefined): void {
    this.changes += 1
    if (content === undefined) this.parts.delete(part)
    else this.parts.set(part, content)
  }

  /** Others delete or change what is there; who listens hears of it later. */
  disturb(part: Part, deleted: boolean): void {
    if (!this.parts.has(part)) return
    if (deleted) this.parts.delete(part)
    else this.parts.set(part, CHANGED)
    this.#foreign.set(part, this.disturbances(part) + 1)
    for (const session of this.sessions) {
      if (session.parts.includes(part)) this.#pending.push(() => session.hear())
    }
  }

  disturbances(part: Part): number {
    return this.#foreign.get(part) ?? 0
  }

  backends(claims: Claims): Backends {
    return {
      of: (settings) => this.#dataplane(backendOf(settings)),
      leftovers: {
        remove: (signal) => this.#remove(claims, signal),
        forgetServers: () => undefined,
      },
    }
  }

  #dataplane(backend: BackendName): Dataplane {
    const unused = () => Promise.reject(new Error('not used here'))
    return { propose: unused, program: unused, start: (goal) => this.#start(backend, goal) }
  }

  async #start(backend: BackendName, goal: Goal): Promise<Started> {
    this.starting += 1
    const session = new ImaginedSession(this, backend, goal)
    this.sessions.add(session)
    let first: Synced | undefined
    try {
      first = await within(async () => {
        await this.takesTime()
        if (this.broken.has(goal.settings.masqueradeBit)) return failed('it is broken')
        return session.begin()
      })
    } finally {
      this.starting -= 1
      if (first?.kind !== 'committed') session.close()
    }
    if (first.kind === 'failed') return { kind: 'failed', outcome: first }
    this.inForce = session.parts
    return { kind: 'started', session, first }
  }

  async #remove(claims: Claims, signal: AbortSignal): Promise<Removal> {
    const claimed: Readonly<Record<Part, () => boolean>> = {
      servers: () => claims.ipvs !== undefined,
      tables: () => claims.tables,
      chains: () => claims.chains('nft'),
    }
    const removed: string[] = []
    for (const part of PARTS) {
      if (claimed[part]()) continue
      try {
        await this.takesTime()
        if (!signal.aborted && this.parts.has(part)) {
          await this.takesTime()
          this.#delete(part)
          removed.push(part)
        }
      } catch {
        return { kind: 'remains', removed, reason: `${part} cannot be removed` }
      }
      if (signal.aborted) return { kind: 'overtaken', removed }
    }
    return { kind: 'removed', removed }
  }

  #delete(part: Part): void {
    const holders = [...this.sessions].filter(({ parts }) => parts.includes(part))
    if (holders.length > 0) this.violations.push(`${part} removed, which a live session claims`)
    if (this.inForce.includes(part)) this.violations.push(`${part} removed, which is in force`)
    this.set(part, undefined)
  }
}

class ImaginedSession implements Session {
  readonly ownership = 'none'
  readonly holds: Holding
  readonly parts: readonly Part[]
  readonly renderer: ImaginedRenderer
  /** Its socket broke. */
  dead = false
  closed = false
  /** What it last saw or made the kernel hold. */
  known: string | undefined
  readonly #kernel: ImaginedKernel
  readonly #listeners: Set<(change: ForeignChange) => void> = new Set()
  #unknown: string | undefined = 'start'
  #foreign: string | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(kernel: ImaginedKernel, backend: BackendName, goal: Goal) {
    this.#kernel = kernel
    this.holds = HOLDING[backend]
    this.parts = PARTS_OF[backend]
    this.renderer = new ImaginedRenderer(goal)
  }

  served(): ServedFrontends {
    return nothingServed
  }

  hear(): void {
    if (this.closed) return
    this.#foreign = 'others changed it'
    for (const listener of this.#listeners) listener({ touchesUs: 'yes' })
  }

  doubt(): string | undefined {
    return this.#unknown ?? this.#foreign
  }

  /** Others were heard, and nothing was compared since. */
  get heard(): boolean {
    return this.#foreign !== undefined
  }

  distrust(reason: string): void {
    this.#unknown = reason
  }

  begin(): Promise<Synced> {
    return this.#inTurn(() => this.#compare())
  }

  sync(): Promise<Synced> {
    return this.#inTurn(() => this.#settle())
  }

  verify(): Promise<Verified> {
    return this.#inTurn(async (): Promise<Verified> => {
      await this.#settle()
      const { operations } = await this.#compare()
      return { kind: 'verified', repaired: [], operations, changes: [] }
    })
  }

  async connections(): Promise<Connections> {
    return { kind: 'counted', counts: [] }
  }

  refusals(): ReturnType<Session['refusals']> {
    return new Map()
  }

  retryRefused(): void {}

  onForeign(listener: (change: ForeignChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.closed = true
    this.#listeners.clear()
    this.#kernel.sessions.delete(this)
  }

  async #settle(): Promise<Committed> {
    const wanted = this.renderer.text()
    if (this.doubt() !== undefined) return this.#compare()
    this.#unknown = 'a commit did not end'
    await this.#busy()
    // A change of what was known is put onto whatever is there now.
    for (const part of this.parts) {
      const found = this.#kernel.parts.get(part)
      this.#kernel.set(part, found === this.known ? wanted : CHANGED)
    }
    this.known = wanted
    this.#unknown = undefined
    return committed()
  }

  /** Others who change what is being compared are noticed with tables, and not with chains. */
  async #compare(): Promise<Committed> {
    for (;;) {
      this.#unknown = 'a comparison did not end'
      this.#foreign = undefined
      const wanted = this.renderer.text()
      const before = this.parts.map((part) => this.#kernel.disturbances(part))
      await this.#busy()
      const stale = this.parts.filter((part, at) => this.#kernel.disturbances(part) !== before[at])
      if (stale.length > 0 && !stale.includes('chains')) continue
      for (const part of this.parts) {
        if (!stale.includes(part)) this.#kernel.set(part, wanted)
      }
      this.known = wanted
      this.#unknown = undefined
      return { ...committed(), reread: 'start' }
    }
  }

  async #busy(): Promise<void> {
    await this.#kernel.takesTime()
    if (this.dead) throw new NetlinkError('EIO', 'netlink socket broke')
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result | Failed> {
    const run = this.#turn.then(() => within(task))
    this.#turn = run.catch(() => undefined)
    return run
  }
}

/** Renders each Service to its name and its ports. */
class ImaginedRenderer implements SessionRenderer {
  readonly situation: SessionRenderer['situation']
  readonly #services: Map<string, ServiceObject> = new Map()

  constructor({ cluster, node, settings }: Goal) {
    this.situation = { node, settings }
    for (const service of cluster.services) this.setService(service)
  }

  text(): string {
    return textOf(this.situation.settings, this.#services.values())
  }

  setService(service: ServiceObject): void {
    this.#services.set(`${service.namespace}/${service.name}`, service)
  }

  removeService(name: string): void {
    this.#services.delete(name)
  }

  setSlice(): void {}
  removeSlice(): void {}
  changeOtherNodes(): void {}
  readmit(): void {}
  denials: SessionRenderer['denials'] = () => []
  takeDenials: SessionRenderer['takeDenials'] = () => new Map()
  label: SessionRenderer['label'] = () => undefined
  nameOf: SessionRenderer['nameOf'] = (owner) => owner
  services: SessionRenderer['services'] = () => this.#services.size
}

/** What the kernel holds of these. */
export function textOf({ masqueradeBit }: Settings, services: Iterable<ServiceObject>): string {
  const names = [...services].map(({ name, ports }) => `${name}:${ports[0]?.port}`)
  return `configuration ${masqueradeBit}: ${names.sort().join(' ')}`
}

function committed(): Committed {
  return { kind: 'committed', operations: 1, bytes: 1, refusals: [], changes: [] }
}

function within<Result>(task: () => Promise<Result>): Promise<Result | Failed> {
  return orFailed(async () => {
    try {
      return await task()
    } catch (error) {
      if (error instanceof Refused) return failed('the kernel refused it')
      throw error
    }
  })
}

function backendOf({ backend }: Settings): BackendName {
  return backend.kind
}

export type { ImaginedSession }
