import { valueAt } from '../decode/fields.ts'
import type { NodeFacts } from '../model/node-facts.ts'
import type { Answer } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { pathOf, selectionOf } from './selection.ts'
import { parseJson } from './watch-event.ts'

/** What became of the NodelbNodeStatus of a Node. */
type Outcome =
  | { readonly kind: 'written' }
  /** The cluster has no such kind. */
  | { readonly kind: 'no-kind' }
  /** There is no Node of that name, which would own the object. */
  | { readonly kind: 'no-node' }
  | { readonly kind: 'failed'; readonly answer: Answer }

/** Asks the API server; never rejects. */
type Ask = (call: Omit<Parameters<ApiClient['fetch']>[0], 'signal'>) => Promise<Answer>

const ALL = selectionOf('nodelbnodestatuses').path

/**
 * Has the NodelbNodeStatus of a Node say these facts: one request, unless the object has to be made first. The
 * Node owns it, so that it goes with the Node.
 */
export async function writeNodeStatus(node: string, facts: NodeFacts, ask: Ask): Promise<Outcome> {
  const written = await write(node, facts, ask)
  if (!isMissing(written)) return outcomeOf(written)
  const nodes = await ask({ path: pathOf(selectionOf('nodes', { node }), {}) })
  if (!isGood(nodes)) return { kind: 'failed', answer: nodes }
  const uid = valueAt(parseJson(nodes.text), ['items', '0', 'metadata', 'uid'])
  if (typeof uid !== 'string') return { kind: 'no-node' }
  const made = await ask({ method: 'POST', path: ALL, body: born(node, uid) })
  if (isMissing(made)) return { kind: 'no-kind' }
  return outcomeOf(isGood(made) ? await write(node, facts, ask) : made)
}

/** A field that is null is taken away by a merge patch (RFC 7396). */
function write(node: string, status: NodeFacts, ask: Ask): Promise<Answer> {
  const contentType = 'application/merge-patch+json'
  return ask({ method: 'PATCH', path: `${ALL}/${node}/status`, body: { status }, contentType })
}

function born(name: string, uid: string): object {
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid }
  return {
    apiVersion: 'nodelb.io/v1alpha1',
    kind: 'NodelbNodeStatus',
    metadata: { name, ownerReferences: [owner] },
  }
}

function outcomeOf(answer: Answer): Outcome {
  return isGood(answer) ? { kind: 'written' } : { kind: 'failed', answer }
}

function isGood(answer: Answer): answer is Extract<Answer, { readonly kind: 'answered' }> {
  return answer.kind === 'answered' && answer.status < 300
}

function isMissing(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status === 404
}
