import type { Decision } from '../allocate/decide.ts'
import { valueAt } from '../decode/fields.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Answer } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import { parseJson } from '../watch/watch-event.ts'
import type { ControllerNews } from './news.ts'
import { patchStatus } from './status-writer.ts'

interface Options {
  readonly client: Pick<ApiClient, 'fetch'>
  /** How many milliseconds this replica leads for certain; nothing is written at 0. */
  readonly leadsFor: () => number
  readonly namespace: string
  readonly tell: (news: ControllerNews) => void
}

/** What the object says. */
type Content =
  | { readonly result: 'Valid' }
  /** `errorSummary` has a line for each message. */
  | { readonly result: 'Invalid'; readonly errorSummary: string }

type Outcome =
  /** The object says it, or the cluster has no such kind, which is MetalLB's and may be missing. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'not-leading' }
  | { readonly kind: 'failed'; readonly reason: string }

/** MetalLB's controller writes the object of this name, and no other. */
const NAME = 'controller'
const LABELS = { 'metallb.io/component-type': 'controller' }
/** The longest message of a condition, in characters (metav1.Condition). */
const LONGEST = 32_768

/**
 * Tells in the ConfigurationState `controller` (metallb.io/v1beta1) whether the pools are as they
 * should be. It is written only where it differs, and not at all where the kind is missing.
 */
export class ConfigurationState {
  readonly #options: Options
  readonly #list: string
  /** What the object says, as it was read or written last. */
  #known: string | undefined

  constructor(options: Options) {
    this.#options = options
    this.#list = `/apis/metallb.io/v1beta1/namespaces/${options.namespace}/configurationstates`
  }

  /** Writes that these messages are what is wrong with the pools. Never rejects. */
  async write(messages: readonly string[], signal: AbortSignal): Promise<Outcome['kind']> {
    const content = contentOf(messages)
    const text = JSON.stringify(content)
    if (text === this.#known) return 'settled'
    // An answer that is lost leaves open what the object says.
    this.#known = undefined
    const outcome = await this.#replace(content, signal)
    if (outcome.kind === 'settled') this.#known = text
    if (outcome.kind === 'failed') {
      this.#options.tell({ event: 'configuration-state-not-written', reason: outcome.reason })
    }
    return outcome.kind
  }

  async #replace(content: Content, signal: AbortSignal): Promise<Outcome> {
    if (this.#options.leadsFor() <= 0) return { kind: 'not-leading' }
    const path = `${this.#list}/${NAME}`
    const found = await this.#ask({ path }, signal)
    if (says(found, content)) return { kind: 'settled' }
    if (isMissing(found)) {
      const metadata = { name: NAME, labels: LABELS }
      const body = { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata }
      const made = await this.#ask({ method: 'POST', path: this.#list, body }, signal)
      if (isMissing(made)) return { kind: 'settled' }
    }
    const status = statusOf(content, new Date())
    const written = await patchStatus(`${path}/status`, { status }, this.#options, signal)
    switch (written.kind) {
      case 'failed':
        return written
      case 'overtaken':
        return { kind: 'failed', reason: `${path} was replaced or removed at the same time` }
      case 'not-leading':
        return written
      case 'written':
        return { kind: 'settled' }
      default:
        return unreachable(written)
    }
  }

  /** Forgets what the object says, because another replica may write it now. */
  forget(): void {
    this.#known = undefined
  }

  /** Asks the API server while this replica leads. */
  #ask(
    call: Omit<Parameters<Options['client']['fetch']>[0], 'signal'>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { client, leadsFor } = this.#options
    return withTimeLimit(Math.max(1, leadsFor()), signal, (limited) =>
      client.fetch({ ...call, signal: limited }),
    )
  }
}

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

function contentOf(messages: readonly string[]): Content {
  if (messages.length === 0) return { result: 'Valid' }
  return { result: 'Invalid', errorSummary: [...messages].sort().join('\n').slice(0, LONGEST) }
}

/**
 * Returns the status as a merge patch. No text in it is empty: some API servers take an empty text in a
 * custom resource for null, and refuse it (Kubernetes 1.20 compiled with Go 1.19: its validation, from
 * go-openapi, asks whether a value is at the place in memory where that Go has its zero values).
 */
function statusOf(content: Content, now: Date): object {
  const { result } = content
  const isValid = result === 'Valid'
  const condition = {
    type: 'poolReconcilerValid',
    status: isValid ? 'True' : 'False',
    reason: isValid ? 'Reconciled' : 'ConfigurationError',
    message: isValid ? 'The pools are as they should be' : content.errorSummary,
    lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
  }
  return {
    result,
    errorSummary: isValid ? null : content.errorSummary,
    conditions: [condition],
  }
}

function isMissing(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status === 404
}

function says(answer: Answer, content: Content): boolean {
  if (answer.kind !== 'answered' || answer.status !== 200) return false
  const status = valueAt(parseJson(answer.text), ['status'])
  const summary = content.result === 'Valid' ? '' : content.errorSummary
  return (
    valueAt(status, ['result']) === content.result &&
    // An empty text, which others may write, is as good as none.
    (valueAt(status, ['errorSummary']) ?? '') === summary
  )
}
