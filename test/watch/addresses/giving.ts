import { nameOf, valueAt } from '../../../src/decode/fields.ts'
import type { Problem } from '../../../src/decode/problem.ts'
import {
  type AllocationSettings,
  defaultAllocationSettings,
} from '../../../src/model/allocation-settings.ts'
import type { AddressNews } from '../../../src/watch/addresses/address-news.ts'
import { allocatingSource } from '../../../src/watch/addresses/allocating-source.ts'
import type { GivenAddresses } from '../../../src/watch/addresses/given.ts'
import { givenText, readGiven } from '../../../src/watch/addresses/given-text.ts'
import type { AddressMemory } from '../../../src/watch/addresses/state-folder.ts'
import { type Resource, resources } from '../../../src/watch/resources.ts'
import type { SourceEvent, SourceListener } from '../../../src/watch/source.ts'

/** A manifest of a Service of type LoadBalancer. */
export function service(name: string, other: Manifest = {}): object {
  const { metadata, spec, ingress } = other
  return {
    metadata: { namespace: 'shop', name, ...metadata },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...spec },
    ...(ingress && { status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } }),
  }
}

interface Manifest {
  readonly metadata?: object
  readonly spec?: object
  readonly ingress?: readonly string[] | undefined
}

export function pool(...addresses: readonly string[]): object {
  return { metadata: { namespace: 'metallb-system', name: 'p' }, spec: { addresses } }
}

export function node(name: string, address: string): object {
  return { metadata: { name }, status: { addresses: [{ type: 'InternalIP', address }] } }
}

/** A disk as one process sees it. What reaches it are the saves that end. */
export class Disk implements AddressMemory {
  saves = 0
  /** Waits for something before a save ends. */
  delay: () => Promise<void> = async () => undefined
  #text: string
  #given: GivenAddresses | undefined

  constructor(text: string = givenText(new Map())) {
    this.#text = text
  }

  given(): GivenAddresses {
    this.#given ??= readGiven(this.#text).given
    return this.#given
  }

  async save(given: GivenAddresses): Promise<void> {
    this.#given = given
    this.saves += 1
    await this.delay()
    this.#text = givenText(given)
  }

  /** The disk as the next process finds it: this one may still be at a save that never ends. */
  found(): Disk {
    return new Disk(this.#text)
  }
}

/** A source of objects that the test changes, as an agent gets it. */
export class Giving {
  readonly disk: Disk
  readonly told: AddressNews[] = []
  /** All that was passed on, in order. */
  readonly events: SourceEvent[] = []
  rounds = 0
  settings: AllocationSettings = defaultAllocationSettings
  /** The objects in the folder, by kind and name. */
  readonly #objects: Map<Resource, Map<string, object>> = new Map()
  readonly #stop = new AbortController()
  #listener: SourceListener | undefined
  #ended: Promise<void> = Promise.resolve()
  #again: () => void = () => undefined
  #wake: () => void = () => undefined

  constructor(disk: Disk = new Disk()) {
    this.disk = disk
  }

  /** Lists what is in the folder. `problems` are those of reading it. */
  start(problems: readonly Problem[] = []): void {
    const { source, again } = allocatingSource({
      follow: (followed) => async (listener, signal) => {
        this.#listener = listener
        for (const resource of followed) {
          for (const object of this.#of(resource).values()) {
            listener.event({ kind: 'object', resource, object, origin: 'x.yaml' })
          }
        }
        listener.problems(problems)
        for (const resource of followed) {
          const names = new Set(this.#of(resource).keys())
          listener.event({ kind: 'listed', resource, names })
          listener.state(resource, { kind: 'following', resourceVersion: '' })
        }
        await aborted(signal)
      },
      settings: () => this.settings,
      memory: this.disk,
      tell: (news) => this.told.push(news),
      between: async () => {
        this.rounds += 1
        this.#wake()
      },
    })
    this.#again = again
    const listener: SourceListener = {
      event: (event) => this.events.push(event),
      state: () => undefined,
      problems: () => undefined,
    }
    this.#ended = source(listener, this.#stop.signal)
  }

  put(resource: Resource, object: object): void {
    this.#of(resource).set(nameOf(object, resources[resource].namespaced), object)
    this.#listener?.event({ kind: 'object', resource, object, origin: 'x.yaml' })
  }

  drop(resource: Resource, name: string, namespace = 'shop'): void {
    const { namespaced } = resources[resource]
    this.#of(resource).delete(namespaced ? `${namespace}/${name}` : name)
    this.#listener?.event({ kind: 'deleted', resource, namespace, name })
  }

  problems(problems: readonly Problem[]): void {
    this.#listener?.problems(problems)
  }

  again(): void {
    this.#again()
  }

  /** Waits for a round that began after all was put: the first to end may have begun before. */
  async settled(): Promise<void> {
    await this.#nextRound()
    await this.#nextRound()
  }

  async #nextRound(): Promise<void> {
    const before = this.rounds
    // Problems are always looked at, so that a round comes.
    this.#listener?.problems([])
    while (this.rounds === before) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  /** The addresses of each Service as they were last passed on. */
  passed(): Readonly<Record<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>()
    for (const event of this.events) {
      if (event.resource !== 'services') continue
      if (event.kind === 'object') found.set(nameOf(event.object, true), ingressOf(event.object))
      else if (event.kind === 'deleted') found.delete(`${event.namespace}/${event.name}`)
      else for (const name of found.keys()) if (!event.names.has(name)) found.delete(name)
    }
    return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  objects(resource: Resource): readonly object[] {
    return [...this.#of(resource).values()]
  }

  #of(resource: Resource): Map<string, object> {
    const found = this.#objects.get(resource) ?? new Map<string, object>()
    this.#objects.set(resource, found)
    return found
  }
}

export function ingressOf(object: unknown): readonly string[] {
  const entries = valueAt(object, ['status', 'loadBalancer', 'ingress'])
  return Array.isArray(entries) ? entries.map((entry) => String(valueAt(entry, ['ip']))) : []
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
