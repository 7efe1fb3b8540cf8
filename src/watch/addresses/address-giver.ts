import { setTimeout as pause } from 'node:timers/promises'
import { type AllocationObjects, type Decision, decide } from '../../allocate/decide.ts'
import { nameOf } from '../../decode/fields.ts'
import { isGap, type Problem, printProblem } from '../../decode/problem.ts'
import type { Address } from '../../model/address.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import { AllocationStore } from '../allocation-store.ts'
import { decoders, isNodeResource, keyIn, type Resource } from '../resources.ts'
import type { ObjectEvent, SourceEvent, SourceListener } from '../source.ts'
import { textOf } from '../stored-value.ts'
import { Wakeup } from '../wakeup.ts'
import type { TellAddresses } from './address-news.ts'
import { changesOf, problemsOf } from './findings.ts'
import { asGiven, remembered } from './given.ts'
import { inFolder } from './in-folder.ts'
import type { ProblemTeller } from './problem-teller.ts'
import { ServedServices } from './served-services.ts'
import type { AddressMemory } from './state-folder.ts'

interface AddressGiverOptions {
  /** Gets the events of the source, with the addresses in the statuses of the Services. */
  readonly listener: SourceListener
  readonly settings: AllocationSettings
  readonly memory: AddressMemory
  readonly tell: TellAddresses
  readonly problems: ProblemTeller
  /** The kinds that the source follows. */
  readonly followed: readonly Resource[]
  /** The kinds that are passed on. */
  readonly passed: readonly Resource[]
  /** Waits between the end of one round and the beginning of the next, so that bursts are one. */
  readonly between?: (signal: AbortSignal) => Promise<void>
}

/** The time between two rounds in milliseconds. */
const PAUSE_MS = 100
const NOT_WHOLE =
  'No address is given before everything has been read once, and a part of the input cannot be read'

/**
 * Stands between a source and its listener. It decides after every change that matters which
 * addresses Services have, saves them, and only then passes them on in the statuses. Whatever else
 * comes is passed on at once. Where nothing gives addresses, all statuses stay as they are.
 */
export class AddressGiver {
  /** Gets the events of the source. */
  readonly listener: SourceListener
  readonly #options: AddressGiverOptions
  readonly #store: AllocationStore
  readonly #served: ServedServices
  readonly #wakeup = new Wakeup()
  readonly #names: Set<ServiceName> = new Set()
  /** The problems of each object that only an allocation finds. */
  readonly #problems: Map<string, readonly Problem[]> = new Map()
  #current: ObjectEvent | undefined
  #hasGaps = false
  /** Whether all of the input could be read at some time. */
  #isWhole = false
  /** Whether the Services of the first list have been passed on. */
  #began = false
  #isActive = false

  constructor(options: AddressGiverOptions) {
    const { settings, listener, followed } = options
    this.#options = options
    this.#served = new ServedServices(listener.event)
    this.#store = new AllocationStore({
      classes: () => settings.loadBalancerClasses,
      followed: followed.filter((resource) => this.#matters(resource)),
      read: (object, problems) => this.#noteProblems(object, problems),
    })
    this.listener = {
      event: (event) => this.#take(event),
      state: (resource, state) => {
        if (this.#passes(resource)) listener.state(resource, state)
      },
      problems: (problems) => {
        this.#hasGaps = problems.some(isGap)
        this.#wakeup.now()
        listener.problems(problems)
      },
    }
  }

  /** Decides after every change until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { between = shortPause } = this.#options
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (!signal.aborted && this.#store.complete()) await this.#round(signal)
      await between(signal)
    }
  }

  #take(event: SourceEvent): void {
    const { resource } = event
    if (resource === 'services') {
      if (event.kind === 'object') this.#takeService(event)
      else this.#takeServiceList(event)
      return
    }
    if (this.#passes(resource)) this.#options.listener.event(event)
    if (this.#matters(resource) && this.#read(event)) this.#wakeup.now()
  }

  #passes(resource: Resource): boolean {
    return this.#options.passed.includes(resource)
  }

  /** Where pods run matters only to addresses of Nodes. */
  #matters(resource: Resource): boolean {
    return resource !== 'endpointslices' || this.#options.settings.addresses === 'nodes'
  }

  #takeServiceList(event: Exclude<SourceEvent, ObjectEvent>): void {
    if (this.#read(event)) this.#wakeup.now()
    if (event.kind === 'deleted') {
      const name = keyIn('services', event.namespace, event.name)
      this.#names.delete(name)
      this.#served.forget(name)
    }
    // A list that came before its Services would remove their rules.
    if (event.kind === 'deleted' || this.#began) this.#options.listener.event(event)
  }

  #takeService(event: ObjectEvent): void {
    const name = nameOf(event.object, true)
    const before = this.#textOf(name)
    this.#names.add(name)
    this.#read(event)
    const facts = this.#store.service(name)
    const keepsStatus = facts?.kind === 'not-ours' && !facts.given
    if (keepsStatus) {
      this.#served.forget(name)
      this.#options.listener.event(event)
    }
    const isPassed = keepsStatus || this.#served.take(name, event)
    if (!isPassed || this.#textOf(name) !== before) this.#wakeup.now()
    if (!isPassed && this.#began && !this.#isActive) this.#served.pass(name, undefined)
  }

  /** Returns what an allocation sees of a Service, as text. */
  #textOf(name: ServiceName): string {
    const { status, ...facts } = this.#store.service(name) ?? {}
    return textOf([facts, status?.annotations ?? []])
  }

  #read(event: SourceEvent): boolean {
    this.#current = event.kind === 'object' ? event : undefined
    return this.#store.apply(event)
  }

  /** Notes what the listener, which reads the same object in another way, does not report. */
  #noteProblems(object: string, problems: readonly Problem[]): void {
    const event = this.#current
    const known = new Set<string>()
    if (problems.length > 0 && event !== undefined && isNodeResource(event.resource)) {
      const { decode } = decoders[event.resource]
      for (const each of decode(event.object, event.origin ?? '').problems) {
        known.add(printProblem(each))
      }
    }
    const own = problems.filter((problem) => !known.has(printProblem(problem)))
    if (own.length > 0) this.#problems.set(object, own)
    else if (!this.#problems.delete(object)) return
    this.#wakeup.now()
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { memory, tell } = this.#options
    const decision = this.#decided()
    if (decision !== undefined) {
      const former = memory.given()
      const services = this.#store.services()
      const given = remembered(decision, services, former)
      const had = (name: ServiceName): readonly Address[] =>
        this.#served.addressesOf(name) ??
        former.get(name)?.addresses.map(({ address }) => address) ??
        services.get(name)?.status.ingress ??
        []
      const changes = changesOf(decision, had)
      if (given !== former) await memory.save(given)
      for (const change of changes) tell(change)
    }
    if (!signal.aborted) this.#settle(decision)
  }

  /** Passes on what a decision changes; without one, Services have what they had. */
  #settle(decision: Decision | undefined): void {
    const { memory, listener } = this.#options
    const wanted = new Map<ServiceName, readonly Address[]>()
    for (const grant of decision?.grants ?? []) {
      wanted.set(
        serviceName(grant),
        grant.addresses.map(({ address }) => address),
      )
    }
    for (const other of decision?.others ?? []) {
      if (other.released) wanted.set(serviceName(other), [])
    }
    const given = memory.given()
    this.#served.settle(
      (name) => wanted.get(name) ?? given.get(name)?.addresses.map(({ address }) => address),
    )
    if (this.#began) return
    this.#began = true
    listener.event({ kind: 'listed', resource: 'services', names: new Set(this.#names) })
  }

  /** Returns who has which address now; undefined if nothing gives any, or not everything is read. */
  #decided(): Decision | undefined {
    const { settings, memory, tell, problems } = this.#options
    const given = memory.given()
    const found = this.#store.objects()
    this.#isActive =
      isGiving(found, settings) || [...given.keys()].some((name) => this.#names.has(name))
    this.#isWhole ||= !this.#hasGaps
    if (!this.#isActive || !this.#isWhole) {
      problems(new Map(this.#isActive ? [['Addresses', [NOT_WHOLE]]] : []))
      return undefined
    }
    const services = asGiven(
      { services: this.#store.services(), unread: this.#store.unreadServices() },
      given,
      settings,
    )
    try {
      const decision = decide({ ...found, services }, inFolder(settings))
      problems(problemsOf(decision, [...this.#problems.values()].flat()))
      return decision
    } catch (error) {
      // Endpoints are followed whatever happens here.
      tell({ event: 'bug', reason: error instanceof Error ? (error.stack ?? '') : String(error) })
      return undefined
    }
  }
}

async function shortPause(signal: AbortSignal): Promise<void> {
  await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined)
}

/** A folder without pools keeps its statuses, unless addresses of Nodes are asked for. */
function isGiving(
  { pools, unreadPools }: AllocationObjects,
  settings: AllocationSettings,
): boolean {
  return settings.addresses === 'nodes' || pools.length > 0 || unreadPools.size > 0
}
