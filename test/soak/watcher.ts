import { setTimeout as pause } from 'node:timers/promises'
import type { Lab } from '../support/lab.ts'
import { SENTINEL } from './manifests.ts'

const TARGETS = [`${SENTINEL.v4}:${SENTINEL.port}`, `[${SENTINEL.v6}]:${SENTINEL.port}`] as const
type Target = (typeof TARGETS)[number]

/** Milliseconds from damage done by others to its repair. */
const REPAIR_MS = 10_000
const EVERY_MS = 20

/** Times at which damage was done and by which it has to be repaired; milliseconds since 1970. */
interface Pardon {
  readonly since: number
  readonly until: number
}

/**
 * Looks whether the kernel has rules for the Service that is always served, over and over, by
 * connecting to it from the client.
 *
 * A connection that leaves the node untranslated, or is refused, says that there were none; no
 * answer at all says nothing, as a machine may be slow. Such a look counts only where the agent says
 * ready after it, and another look after that finds the same: "ready" was said between two proofs
 * to the contrary, so neither a commit in between nor an end of the agent explains it. Damage that
 * the run itself does is pardoned, for each family until the first look after it that finds rules,
 * or until the repair has taken too long.
 */
export class Watcher {
  readonly #lab: Lab
  readonly #isReady: () => Promise<boolean>
  readonly #onMoment: (what: string) => void
  readonly #pardons: Map<Target, Pardon> = new Map()
  /** Each moment is told once. */
  readonly #told: Set<Target> = new Set()
  readonly #ended: Promise<void>
  #looks = 0
  #damages = 0
  #stopped = false

  constructor(lab: Lab, isReady: () => Promise<boolean>, onMoment: (what: string) => void) {
    this.#lab = lab
    this.#isReady = isReady
    this.#onMoment = onMoment
    this.#ended = this.#run()
  }

  /** Connections so far. */
  get looks(): number {
    return this.#looks
  }

  /** Does what takes rules away and is not the agent's fault. */
  async pardon(damage: () => Promise<void>): Promise<void> {
    this.#damages++
    await damage().finally(() => this.#damages--)
    this.#forgive(TARGETS)
  }

  /** Until now the agent could not repair anything: what it has to repair, it has time for. */
  extend(): void {
    this.#forgive([...this.#pardons.keys()])
  }

  /** Resolves when all damage is repaired, or should be, or no agent is there that could. */
  async healed(): Promise<void> {
    const open = () => [...this.#pardons.values()].some(({ until }) => until > Date.now())
    while (open() && (await this.#isReady())) await pause(EVERY_MS)
  }

  /** Rejects if looking failed. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#ended
  }

  #forgive(targets: readonly Target[]): void {
    const since = Date.now()
    for (const target of targets) this.#pardons.set(target, { since, until: since + REPAIR_MS })
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      for (const target of TARGETS) await this.#examine(target)
      await pause(EVERY_MS)
    }
  }

  async #examine(target: Target): Promise<void> {
    if (await this.#isServed(target)) return
    const ready = await this.#isReady()
    const began = Date.now()
    if (!ready || (await this.#isServed(target)) || this.#isPardoned(target, began)) return
    if (!this.#told.has(target)) this.#onMoment(`${target} is not served, and /readyz says ready`)
    this.#told.add(target)
  }

  /** Also true where nothing can be told. */
  async #isServed(to: Target): Promise<boolean> {
    this.#looks++
    const began = Date.now()
    const [result] = await this.#lab.probe({ from: 'client', to, count: 1, timeout: 2_000 })
    const rules = result?.kind === 'answered' && result.pod.startsWith('pod-')
    const pardon = this.#pardons.get(to)
    if (rules && pardon !== undefined && began > pardon.since) this.#pardons.delete(to)
    if (rules) this.#told.delete(to)
    return rules || (result?.kind !== 'refused' && result?.kind !== 'answered')
  }

  #isPardoned(target: Target, at: number): boolean {
    const pardon = this.#pardons.get(target)
    return this.#damages > 0 || (pardon !== undefined && at < pardon.until)
  }
}
