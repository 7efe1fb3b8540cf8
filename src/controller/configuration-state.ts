import type { Decision } from '../allocate/decide.ts'
import { unreachable } from '../model/unreachable.ts'
import { type Answer, refusal } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { type StateObject, sayConfiguration, statePath } from '../watch/configuration-state.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import type { ControllerNews } from './news.ts'

interface Options {
  readonly client: Pick<ApiClient, 'fetch'>
  /** How many milliseconds this replica leads for certain; nothing is written at 0. */
  readonly leadsFor: () => number
  readonly namespace: string
  readonly tell: (news: ControllerNews) => void
}

type Outcome =
  /** The object says it, or the cluster has no such kind, which is MetalLB's and may be missing. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'not-leading' }
  | { readonly kind: 'failed'; readonly reason: string }

/** MetalLB's controller writes this object, and no other. */
const CONTROLLER = {
  name: 'controller',
  labels: { 'metallb.io/component-type': 'controller' },
  condition: 'poolReconcilerValid',
  fine: 'The pools are as they should be',
}

/**
 * Tells in the ConfigurationState `controller` (metallb.io/v1beta1) whether the pools are as they
 * should be. It is written only where it differs, and not at all where the kind is missing.
 */
export class ConfigurationState {
  readonly #options: Options
  readonly #object: StateObject
  /** What the object says, as it was read or written last. */
  #known: string | undefined

  constructor(options: Options) {
    this.#options = options
    this.#object = { ...CONTROLLER, namespace: options.namespace }
  }

  /** Writes that these messages are what is wrong with the pools. Never rejects. */
  async write(messages: readonly string[], signal: AbortSignal): Promise<Outcome['kind']> {
    const text = JSON.stringify([...messages].sort())
    if (text === this.#known) return 'settled'
    // An answer that is lost leaves open what the object says.
    this.#known = undefined
    const outcome = await this.#replace(messages, signal)
    if (outcome.kind === 'settled') this.#known = text
    if (outcome.kind === 'failed') {
      this.#options.tell({ event: 'configuration-state-not-written', reason: outcome.reason })
    }
    return outcome.kind
  }

  async #replace(messages: readonly string[], signal: AbortSignal): Promise<Outcome> {
    const { client, leadsFor } = this.#options
    if (leadsFor() <= 0) return { kind: 'not-leading' }
    const outcome = await sayConfiguration(this.#object, messages, (call) => {
      const left = leadsFor()
      if (left <= 0) return Promise.resolve(NOT_LEADING)
      return withTimeLimit(left, signal, (limited) => client.fetch({ ...call, signal: limited }))
    })
    switch (outcome.kind) {
      case 'right':
      case 'written':
      case 'no-kind':
        return { kind: 'settled' }
      case 'overtaken': {
        const reason = `${statePath(this.#object)} was replaced or removed at the same time`
        return { kind: 'failed', reason }
      }
      case 'failed':
        if (outcome.answer === NOT_LEADING) return { kind: 'not-leading' }
        return { kind: 'failed', reason: refusal(outcome.answer) }
      default:
        return unreachable(outcome)
    }
  }

  /** Forgets what the object says, because another replica may write it now. */
  forget(): void {
    this.#known = undefined
  }
}

/** In place of an answer of the API server, which is not asked any more. */
const NOT_LEADING: Answer = { kind: 'broken', reason: 'this replica does not lead any more' }

/** The kinds of objects that have pools, as problems in reading one begin. */
const HAS_POOLS = /^(IPAddressPool|ConfigMap) /

/**
 * Returns what is wrong with pools, one text for each: what could not be read of them, given as texts
 * by object, and what a decision found, but for how full they are.
 */
export function wrongPools(
  unread: ReadonlyMap<string, string>,
  { problems }: Pick<Decision, 'problems'>,
): readonly string[] {
  const found = problems.filter(
    ({ object, isUsage }) => !isUsage && object.startsWith('IPAddressPool/'),
  )
  return [
    ...[...unread].flatMap(([object, text]) => (HAS_POOLS.test(object) ? [text] : [])),
    ...found.map(({ object, message }) => `${object}: ${message}`),
  ]
}
