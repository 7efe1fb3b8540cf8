import { valueAt } from '../decode/fields.ts'
import { eventRetry, Waits } from '../model/retry.ts'
import type { Answer } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import type { Sink } from './source.ts'
import { withTimeLimit } from './time-limit.ts'
import { Wakeup } from './wakeup.ts'

interface NamedSecretsOptions {
  readonly client: Pick<ApiClient, 'fetch'>
  readonly sink: Sink
  /** Gets why a Secret cannot be read, and undefined when all can be. */
  readonly trouble: (reason: string | undefined) => void
}

const LIMIT_MS = 10_000
/** A Secret may have changed after so many milliseconds. */
const AGAIN_MS = 60_000

/**
 * Reads the Secrets that others name, one by one and again each minute: a watch would need the right
 * to list all Secrets of a namespace, those of others as well.
 */
export class NamedSecrets {
  readonly #options: NamedSecretsOptions
  readonly #wakeup = new Wakeup()
  readonly #waits = new Waits(eventRetry)
  #wanted: readonly string[] | undefined
  /** The names of those that are there. */
  readonly #found: Set<string> = new Set()

  constructor(options: NamedSecretsOptions) {
    this.#options = options
  }

  /** Says which Secrets are named, as `namespace/name`. */
  want(names: readonly string[]): void {
    if (JSON.stringify(names) === JSON.stringify(this.#wanted)) return
    this.#wanted = names
    this.#wakeup.now()
  }

  /** Has everything read anew that is named from now on. */
  forget(): void {
    this.#wanted = undefined
    this.#found.clear()
  }

  /** Reads what is named until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (!signal.aborted && this.#wanted !== undefined) await this.#read(this.#wanted, signal)
    }
  }

  async #read(names: readonly string[], signal: AbortSignal): Promise<void> {
    const failures: (Failure & { readonly name: string })[] = []
    for (const name of names) {
      const failure = await this.#one(name, signal)
      if (failure !== undefined) failures.push({ name, ...failure })
      if (signal.aborted) return
    }
    for (const name of this.#found) if (!names.includes(name)) this.#found.delete(name)
    const { sink, trouble } = this.#options
    // One that could not be read stays as it was; without an answer nothing is known of it.
    if (failures.every(({ isAnswer }) => isAnswer)) {
      sink({ kind: 'listed', resource: 'secrets', names: new Set(this.#found) })
    }
    const reasons = failures.map(({ name, reason }) => `Secret ${name}: ${reason}`)
    trouble(reasons.length === 0 ? undefined : reasons.join('; '))
    if (failures.length === 0) this.#waits.reset()
    this.#wakeup.after(failures.length === 0 ? AGAIN_MS : this.#waits.next())
  }

  /** Returns why a Secret could not be read. */
  async #one(name: string, signal: AbortSignal): Promise<Failure | undefined> {
    const [namespace = '', own = ''] = name.split('/')
    const path = `/api/v1/namespaces/${namespace}/secrets/${own}`
    const answer = await withTimeLimit(LIMIT_MS, signal, (limited) =>
      this.#options.client.fetch({ path, signal: limited }),
    )
    if (answer.kind === 'answered' && answer.status === 404) {
      this.#found.delete(name)
      return undefined
    }
    const object = objectIn(answer)
    if (object === undefined) return failureOf(answer)
    this.#found.add(name)
    this.#options.sink({ kind: 'object', resource: 'secrets', object })
    return undefined
  }
}

/** Why a Secret could not be read. */
interface Failure {
  readonly reason: string
  /** Whether the API server said so; asking again will hardly help. */
  readonly isAnswer: boolean
}

function objectIn(answer: Answer): unknown {
  if (answer.kind !== 'answered' || answer.status !== 200) return undefined
  try {
    const object: unknown = JSON.parse(answer.text)
    return typeof valueAt(object, ['metadata', 'name']) === 'string' ? object : undefined
  } catch {
    return undefined
  }
}

/** What the API server says of a Secret that it does give is not repeated. */
function failureOf(answer: Answer): Failure {
  if (answer.kind === 'broken') return { reason: answer.reason, isAnswer: false }
  const { status, text } = answer
  const said = status === 200 ? 'what is no object' : `${status}: ${text.slice(0, 200)}`
  return { reason: `the API server answers ${said}`, isAnswer: status < 429 }
}
