import { valueAt } from '../decode/fields.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Answer } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { parseJson } from './watch-event.ts'

/** Which ConfigurationState (metallb.io/v1beta1) is written, and what about. */
export interface StateObject {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** The Pod with which it goes; undefined if it stays. */
  readonly pod?: { readonly name: string; readonly uid: string } | undefined
  /** The type of its condition, and its message where nothing is wrong. */
  readonly condition: string
  readonly fine: string
}

/** What became of the object. */
type StateOutcome =
  /** It said so already. `isOwn`: it goes with its Pod, not with another one. */
  | { readonly kind: 'right'; readonly isOwn: boolean }
  | { readonly kind: 'written' }
  /** The cluster has no such kind, which is MetalLB's and may be missing. */
  | { readonly kind: 'no-kind' }
  /** The object was replaced or removed at the same time. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'failed'; readonly answer: Answer }

/** Asks the API server; never rejects. */
type Ask = (call: Omit<Parameters<ApiClient['fetch']>[0], 'signal'>) => Promise<Answer>

/** What the object says. */
type Content =
  | { readonly result: 'Valid' }
  /** `errorSummary` has a line for each message. */
  | { readonly result: 'Invalid'; readonly errorSummary: string }

/** The longest message of a condition, in characters (metav1.Condition). */
const LONGEST = 32_768

/** Returns the path of an object. */
export function statePath({ namespace, name }: Pick<StateObject, 'namespace' | 'name'>): string {
  return `${listPath(namespace)}/${name}`
}

/**
 * Has the object say that these messages are what is wrong, and makes it where it is missing. Nothing is
 * written if it says so already.
 */
export async function sayConfiguration(
  object: StateObject,
  messages: readonly string[],
  ask: Ask,
): Promise<StateOutcome> {
  const content = contentOf(messages)
  const path = statePath(object)
  const found = await ask({ path })
  const seen = outcomeOf(found)
  if (seen === 'failed') return { kind: 'failed', answer: found }
  if (seen === 'done' && says(found, content)) {
    return { kind: 'right', isOwn: isOwn(found, object) }
  }
  if (seen === 'missing') {
    const made = await ask({ method: 'POST', path: listPath(object.namespace), body: born(object) })
    const became = outcomeOf(made)
    if (became === 'missing') return { kind: 'no-kind' }
    if (became === 'failed') return { kind: 'failed', answer: made }
  }
  const body = { status: statusOf(object, content, new Date()) }
  const contentType = 'application/merge-patch+json'
  const answer = await ask({ method: 'PATCH', path: `${path}/status`, body, contentType })
  const outcome = outcomeOf(answer)
  switch (outcome) {
    case 'done':
      return { kind: 'written' }
    case 'missing':
    case 'conflict':
      return { kind: 'overtaken' }
    case 'failed':
      return { kind: 'failed', answer }
    default:
      return unreachable(outcome)
  }
}

function listPath(namespace: string): string {
  return `/apis/metallb.io/v1beta1/namespaces/${namespace}/configurationstates`
}

/** Returns the object as it is made, before it says anything. */
function born({ name, labels, pod }: StateObject): object {
  const owner = pod && { apiVersion: 'v1', kind: 'Pod', ...pod }
  const metadata = { name, labels, ...(owner && { ownerReferences: [owner] }) }
  return { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata }
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
function statusOf({ condition: type, fine }: StateObject, content: Content, now: Date): object {
  const { result } = content
  const isValid = result === 'Valid'
  const condition = {
    type,
    status: isValid ? 'True' : 'False',
    reason: isValid ? 'Reconciled' : 'ConfigurationError',
    message: isValid ? fine : content.errorSummary,
    lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
  }
  return {
    result,
    errorSummary: isValid ? null : content.errorSummary,
    conditions: [condition],
  }
}

function outcomeOf(answer: Answer): 'done' | 'missing' | 'conflict' | 'failed' {
  if (answer.kind === 'broken') return 'failed'
  if (answer.status === 404) return 'missing'
  if (answer.status === 409) return 'conflict'
  return answer.status < 300 ? 'done' : 'failed'
}

function says(answer: Answer, content: Content): boolean {
  const status = valueAt(bodyOf(answer), ['status'])
  const summary = content.result === 'Valid' ? '' : content.errorSummary
  return (
    valueAt(status, ['result']) === content.result &&
    // An empty text, which others may write, is as good as none.
    (valueAt(status, ['errorSummary']) ?? '') === summary
  )
}

function isOwn(answer: Answer, { pod }: StateObject): boolean {
  const owners = valueAt(bodyOf(answer), ['metadata', 'ownerReferences'])
  if (pod === undefined || !Array.isArray(owners)) return pod === undefined
  return owners.some((each) => valueAt(each, ['uid']) === pod.uid)
}

function bodyOf(answer: Answer): unknown {
  return answer.kind === 'answered' ? parseJson(answer.text) : undefined
}
