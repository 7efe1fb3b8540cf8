import type { NodeFacts } from '../model/node-facts.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { unreachable } from '../model/unreachable.ts'
import { refusal } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { writeNodeStatus } from '../watch/node-status.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import { Wakeup } from '../watch/wakeup.ts'

interface PublisherOptions {
  readonly client: Pick<ApiClient, 'fetch'>
  /** The name of this Node. */
  readonly node: string
  readonly facts: () => NodeFacts
  /** Gets why the API server does not have the facts; undefined when it has. */
  readonly tell: (reason: string | undefined) => void
}

/** How long until the facts are looked at again: seconds at the start, when much changes, and then about a minute. */
const LOOK: RetryPolicy = { first: 5_000, most: 80_000, factor: 2, jitter: 0.5 }
/** What cannot be mended by asking again, such as a kind that is missing, is tried again after so long. */
const REFUSED: RetryPolicy = { first: 600_000, most: 600_000, factor: 1, jitter: 0.5 }
/** A right or a kind that is missing, and facts that the kind does not take: asking again soon mends none of it. */
const LASTING: readonly number[] = [403, 404, 422]
/** Times alone are worth a write after so many milliseconds. */
const OLD_MS = 600_000
/** What takes less is all the same to people, in milliseconds. */
const SHORT_MS = 10
/** How long a request may take, in milliseconds. */
const LIMIT_MS = 10_000

/**
 * Tells in the NodelbNodeStatus of this Node how it fares. A thousand Nodes do so: it is written about once a minute
 * at most, when something differs that a person cares about, and else every ten minutes. Nothing waits for it.
 */
export class NodePublisher {
  readonly #options: PublisherOptions
  readonly #look = new Waits(LOOK)
  readonly #refused = new Waits(REFUSED)
  readonly #wakeup: Wakeup = new Wakeup()
  /** What the object says, as it was written last; undefined if that is not known. */
  #written: NodeFacts | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Writes until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#wakeup.after(this.#look.next())
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (signal.aborted) return
      const facts = this.#options.facts()
      const isDue = isNews(facts, this.#written)
      this.#wakeup.after(isDue ? await this.#write(facts, signal) : this.#look.next())
    }
  }

  /** Returns how many milliseconds the next look has to wait. */
  async #write(facts: NodeFacts, signal: AbortSignal): Promise<number> {
    const { client, node, tell } = this.#options
    // An answer that is lost leaves open what the object says.
    this.#written = undefined
    const outcome = await writeNodeStatus(node, facts, (call) =>
      withTimeLimit(LIMIT_MS, signal, (limited) => client.fetch({ ...call, signal: limited })),
    )
    if (signal.aborted) return 0
    switch (outcome.kind) {
      case 'written':
        this.#written = facts
        tell(undefined)
        return this.#look.next()
      case 'no-node':
        return this.#look.next()
      case 'no-kind':
        tell(NO_KIND)
        return this.#refused.next()
      case 'failed': {
        const { answer } = outcome
        tell(refusal(answer))
        if (answer.kind === 'broken') return this.#look.next()
        const { status, retryAfterMs = 0 } = answer
        const wait = LASTING.includes(status) ? this.#refused.next() : this.#look.next()
        return Math.max(wait, retryAfterMs)
      }
      default:
        return unreachable(outcome)
    }
  }
}

const NO_KIND =
  'the cluster has no NodelbNodeStatuses; apply deploy/crds/nodelb to see there how each node fares'

/**
 * Returns whether facts differ from those that are told in a way that a person cares about, or are of another time
 * by far: they are newer, or the clock was set back.
 */
function isNews(facts: NodeFacts, told: NodeFacts | undefined): boolean {
  if (told === undefined || gist(facts) !== gist(told)) return true
  if (isOther(facts.p99Milliseconds, told.p99Milliseconds)) return true
  return Math.abs(Date.parse(facts.observedAt) - Date.parse(told.observedAt)) >= OLD_MS
}

/** What holds for a while: no times that go on, and no counts of what is in order. */
function gist(facts: NodeFacts): string {
  const { observedAt: _at, lastChangeAt: _changed, comparedAt: _compared, ...rest } = facts
  return JSON.stringify({ ...rest, changes: 0, p99Milliseconds: 0 })
}

/** Returns whether one of two times is more than twice the other. */
function isOther(now: number | null, before: number | null): boolean {
  if (now === null || before === null) return now !== before
  return Math.max(now, before) > 2 * Math.max(SHORT_MS, Math.min(now, before))
}
