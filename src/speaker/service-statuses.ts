import {
  type AnnouncedServices,
  type StatusChange,
  statusChanges,
} from '../announce/service-status.ts'
import { STATUS_KINDS, type StatusKind } from '../decode/announcing/service-status.ts'
import { type Failure, StatusApi, type Writer } from './status-api.ts'
import { type Round, StatusRounds } from './status-rounds.ts'

interface StatusOptions extends Writer {
  readonly protocol: 'layer2' | 'bgp'
  /** Gets why the statuses are not as they should be; undefined when they are again. */
  readonly tell: (reason: string | undefined) => void
}

const PARALLEL = 4

/** Keeps a status of one kind for each Service that this node announces. Nothing waits for them. */
export class ServiceStatuses {
  readonly #options: StatusOptions
  readonly #kind: StatusKind
  readonly #api: StatusApi
  readonly #rounds: StatusRounds
  #wanted: AnnouncedServices = new Map()

  constructor(options: StatusOptions) {
    const kind = STATUS_KINDS[options.protocol]
    this.#options = options
    this.#kind = kind
    this.#api = new StatusApi({ ...options, kind })
    this.#rounds = new StatusRounds({
      round: (signal) => this.#round(signal),
      what: `the ${kind.kind}es that this node writes`,
      tell: options.tell,
    })
  }

  /** Takes the Services that this node announces from now on. */
  want(services: AnnouncedServices): void {
    this.#wanted = services
    this.#rounds.changed()
  }

  /** Writes what differs after every change, until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#rounds.run(signal)
  }

  async #round(signal: AbortSignal): Promise<Round> {
    const found = await this.#api.list(signal)
    if (found.kind === 'failed') return found
    const { node, pod } = this.#options
    const self = { node, pod: pod?.uid, isOneOfMany: this.#kind.isOfEachNode }
    const changes = statusChanges(this.#wanted, found.statuses, self)
    if (changes.length === 0) return { kind: 'right' }
    return (await this.#write(changes, signal)) ?? { kind: 'written' }
  }

  /** Returns the first failure. What is refused by itself does not keep the others from it. */
  async #write(
    changes: readonly StatusChange[],
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    const work = changes.values()
    const failures: Failure[] = []
    const worker = async (): Promise<void> => {
      for (const change of work) {
        const outcome = await this.#api.change(change, signal)
        if (outcome.kind === 'failed') failures.push(outcome)
        // With a time limit for each of many, a round would take longer than any wait after it.
        if (failures.some(({ isUnavailable }) => isUnavailable)) return
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    return failures.find(({ isUnavailable }) => isUnavailable) ?? failures[0]
  }
}
