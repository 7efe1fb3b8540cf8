import { setTimeout as pause } from 'node:timers/promises'
import { type Decision, decide } from '../allocate/decide.ts'
import { nameOf } from '../decode/fields.ts'
import { type Problem, printProblem } from '../decode/problem.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import { AllocationStore, type PoolIdentity } from '../watch/allocation-store.ts'
import type { ApiClient } from '../watch/api/client.ts'
import type { Resource } from '../watch/resources.ts'
import type { SourceEvent } from '../watch/source.ts'
import { Wakeup } from '../watch/wakeup.ts'
import { type ConfigurationState, wrongPools } from './configuration-state.ts'
import type { Election } from './election.ts'
import { Fights } from './fights.ts'
import { withoutOverlap } from './hand-over.ts'
import type { ControllerNews } from './news.ts'
import { countersToWrite } from './pool-counters.ts'
import { statusPatch, type WantedStatus } from './status-patch.ts'
import { patchStatus, type StatusWrite, type Written, writeStatuses } from './status-writer.ts'
import { wantedStatuses } from './wanted.ts'

interface ControllerOptions {
  readonly client: Pick<ApiClient, 'fetch'>
  readonly election: Pick<Election, 'leads' | 'leadsFor'>
  readonly settings: () => AllocationSettings
  /** The kinds of objects that the source follows. */
  readonly followed: readonly Resource[]
  readonly listener: ControllerListener
  readonly configuration: Pick<ConfigurationState, 'write' | 'forget'>
}

/** Gets what a round of the controller found and did. */
export interface ControllerListener {
  readonly tell: (news: ControllerNews) => void
  /** A round is over: what it decided, and how long that took in milliseconds. */
  readonly decided: (decision: Decision, ms: number) => void
  /** This replica leads, and this is what it decided. */
  readonly leading: (decision: Decision) => void
  /** An object has other problems than before; none if it is as it should be. */
  readonly read: (object: string, problems: readonly Problem[]) => void
  /** A status was written: the Service had these addresses and has those. */
  readonly changed: (change: StatusChange) => void
  /** Another program replaces the status of this Service again and again. */
  readonly contested: (service: ServiceName, managers: readonly string[]) => void
}

export interface StatusChange {
  readonly service: ServiceName
  readonly before: readonly string[]
  readonly wanted: WantedStatus
}

/**
 * How long statuses are written, in milliseconds, before the rest is decided anew with what has come
 * meanwhile: so many times as long as the decision took, so that deciding costs little of the time in
 * which many are written, within these limits.
 */
const WRITING = { times: 10, least: 2_000, most: 10_000 } as const
/** The time from the end of one round to the beginning of the next, in milliseconds. */
const PAUSE_MS = 100
/** There is no jitter because only one replica writes. */
const AGAIN: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0 }

/**
 * Gives addresses to the Services of a cluster: looks at all objects after every change, decides,
 * and writes the statuses that differ. Nothing is written before every kind has been listed whole,
 * or while another replica leads.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #store: AllocationStore
  readonly #fights = new Fights()
  readonly #wakeup = new Wakeup()
  readonly #again = new Waits(AGAIN)
  readonly #problems: Map<string, string> = new Map()
  /** Where addresses came from in the last round. */
  #source: Decision['source'] | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#store = new AllocationStore({
      classes: () => options.settings().loadBalancerClasses,
      followed: options.followed,
      read: (object, problems) => this.#tellProblems(object, problems),
    })
  }

  /** Returns whether every kind has been listed whole. */
  complete(): boolean {
    return this.#store.complete()
  }

  /** Returns the metadata.uid of a Service; undefined if it is not known. */
  uid(service: ServiceName): string | undefined {
    return this.#store.service(service)?.status.uid
  }

  /** Returns where the IPAddressPool of a name is, in this namespace or in any; undefined if there is none. */
  pool(name: string, namespace?: string): PoolIdentity | undefined {
    return this.#store.pool(name, namespace)
  }

  /** Takes an event of the source. */
  take(event: SourceEvent): void {
    if (!this.#store.apply(event)) return
    if (event.resource === 'all-services') this.#followFight(event)
    // Where pods run matters only to addresses of Nodes.
    if (event.resource !== 'endpointslices' || this.#source !== 'pools') this.#wakeup.now()
  }

  /** Has the controller look at everything again, for instance when this replica begins to lead. */
  wake(): void {
    this.#wakeup.now()
  }

  /** Decides and writes after every change until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (signal.aborted) return
      if (this.#store.complete()) await this.#round(signal)
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { settings, listener, election, client, configuration } = this.#options
    const began = performance.now()
    const decision = decide(this.#store.objects(), settings())
    this.#source = decision.source
    const ms = performance.now() - began
    listener.decided(decision, ms)
    if (!election.leads()) return configuration.forget()
    listener.leading(decision)
    const wanted = this.#wanted(decision)
    const writes = this.#writes(wanted)
    let failures = 0
    const done = (write: StatusWrite, written: Written): void => {
      const to = wanted.get(write.service)
      if (to !== undefined) failures += this.#written(write.service, to, written) ? 0 : 1
    }
    const { times, least, most } = WRITING
    const until = performance.now() + Math.min(most, Math.max(least, times * ms))
    const goOn = (): boolean => performance.now() < until
    const options = { client, leadsFor: () => election.leadsFor(), goOn, done }
    const isFinished = await writeStatuses(writes, options, signal)
    failures += await this.#writeCounters(decision, signal)
    const wrong = wrongPools(this.#problems, decision)
    failures += (await configuration.write(wrong, signal)) === 'failed' ? 1 : 0
    if (failures > 0) this.#wakeup.after(this.#again.next())
    else this.#again.reset()
    if (!isFinished) this.#wakeup.now()
  }

  /** Returns the statuses that may be written now. */
  #wanted(decision: Decision): ReadonlyMap<ServiceName, WantedStatus> {
    const services = this.#store.services()
    const now = performance.now()
    const all = wantedStatuses(decision, services, this.#options.settings())
    const ours = [...all].filter(([service]) => !this.#fights.isContested(service, now))
    return withoutOverlap(new Map(ours), (service) => services.get(service)?.status.ingress ?? [])
  }

  /** Writes the counters of the pools that have changed; returns how many could not be written. */
  async #writeCounters({ usage }: Decision, signal: AbortSignal): Promise<number> {
    const { client, election, listener } = this.#options
    const options = { client, leadsFor: () => election.leadsFor() }
    let failures = 0
    for (const { pool, counters } of countersToWrite(usage, this.#store.poolStatuses())) {
      const [namespace, name] = pool.split('/')
      const path = `/apis/metallb.io/v1beta1/namespaces/${namespace}/ipaddresspools/${name}/status`
      const written = await patchStatus(path, { status: counters }, options, signal)
      if (written.kind !== 'failed') continue
      failures += 1
      listener.tell({ event: 'counters-not-written', pool, reason: written.reason })
    }
    return failures
  }

  #writes(wanted: ReadonlyMap<ServiceName, WantedStatus>): readonly StatusWrite[] {
    const now = new Date()
    const writes: StatusWrite[] = []
    for (const [service, to] of wanted) {
      const stored = this.#store.service(service)
      if (stored === undefined) continue
      const patch = statusPatch(stored.status, to, now)
      if (patch !== undefined) writes.push({ service, patch })
    }
    return writes
  }

  /** Takes the outcome of a write; returns false if it has to be tried again later. */
  #written(service: ServiceName, wanted: WantedStatus, written: Written): boolean {
    const { listener } = this.#options
    switch (written.kind) {
      case 'written': {
        const before = this.#store.service(service)?.status.ingress ?? []
        this.#fights.wrote(service, wanted.addresses)
        this.take({ kind: 'object', resource: 'all-services', object: written.object })
        // Another program may have replaced it before its answer came.
        this.#watchFight(service)
        listener.changed({ service, before, wanted })
        return true
      }
      case 'overtaken':
      case 'not-leading':
        return true
      case 'failed':
        listener.tell({ event: 'status-not-written', service, reason: written.reason })
        return false
      default:
        return unreachable(written)
    }
  }

  #followFight(event: SourceEvent): void {
    if (event.kind === 'deleted') this.#fights.forget(`${event.namespace}/${event.name}`)
    if (event.kind === 'object') this.#watchFight(nameOf(event.object, true))
  }

  #watchFight(service: ServiceName): void {
    const status = this.#store.service(service)?.status
    if (status === undefined) return
    if (!this.#fights.saw(service, status.ingress, performance.now())) return
    const { managers } = status
    this.#options.listener.tell({ event: 'status-contested', service, managers })
    this.#options.listener.contested(service, managers)
    this.#wakeup.after(TRUCE_MS)
  }

  /** Tells the problems of an object once, until they change. */
  #tellProblems(object: string, problems: readonly Problem[]): void {
    const lines = problems.map(printProblem)
    const text = lines.join('\n')
    if ((this.#problems.get(object) ?? '') === text) return
    this.#options.listener.read(object, problems)
    if (text === '') this.#problems.delete(object)
    else this.#problems.set(object, text)
    if (text !== '')
      this.#options.listener.tell({ event: 'object-problems', object, problems: lines })
  }
}

/** A contested status is tried again after an hour, with a little room for the clock. */
const TRUCE_MS = 3_601_000
