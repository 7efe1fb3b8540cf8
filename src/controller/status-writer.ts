import type { ServiceName } from '../model/service-name.ts'
import { namespaceOf } from '../model/service-name.ts'
import { type Answer, refusal } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { withTimeLimit } from '../watch/time-limit.ts'

/** A status to write. */
export interface StatusWrite {
  readonly service: ServiceName
  readonly patch: object
}

/** What became of one write. */
export type Written =
  /** The object as the API server has it now. */
  | { readonly kind: 'written'; readonly object: unknown }
  /** The object changed in between, or is gone; its watch brings the news. */
  | { readonly kind: 'overtaken' }
  /** This replica does not lead any more. */
  | { readonly kind: 'not-leading' }
  | { readonly kind: 'failed'; readonly reason: string }

interface PatchOptions {
  readonly client: Pick<ApiClient, 'fetch'>
  /** How many milliseconds this replica leads for certain; nothing is written at 0. */
  readonly leadsFor: () => number
}

interface WriterOptions extends PatchOptions {
  /** Asked before each write; if it says no, the rest is left. */
  readonly goOn: () => boolean
  readonly done: (write: StatusWrite, written: Written) => void
}

/** Requests at the same time. The API server limits what one client may send in parallel. */
const PARALLEL = 8

/**
 * Writes statuses, several at a time, while this replica leads. Resolves when each that was begun has
 * its outcome, with true if none is left; never rejects.
 */
export async function writeStatuses(
  writes: readonly StatusWrite[],
  options: WriterOptions,
  signal: AbortSignal,
): Promise<boolean> {
  let next = 0
  const work = async (): Promise<void> => {
    while (options.goOn()) {
      const write = writes[next++]
      if (write === undefined) return
      options.done(write, await writeOne(write, options, signal))
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return next >= writes.length
}

function writeOne(
  { service, patch }: StatusWrite,
  options: WriterOptions,
  signal: AbortSignal,
): Promise<Written> {
  const namespace = namespaceOf(service)
  const name = service.slice(namespace.length + 1)
  const path = `/api/v1/namespaces/${namespace}/services/${name}/status`
  return patchStatus(path, patch, options, signal)
}

/** Sends a JSON merge patch, but only while this replica leads. Never rejects. */
export async function patchStatus(
  path: string,
  body: object,
  { client, leadsFor }: PatchOptions,
  signal: AbortSignal,
): Promise<Written> {
  const left = leadsFor()
  if (left <= 0 || signal.aborted) return { kind: 'not-leading' }
  const contentType = 'application/merge-patch+json'
  const answer = await withTimeLimit(left, signal, (limited) =>
    client.fetch({ method: 'PATCH', path, body, contentType, signal: limited }),
  )
  return writtenOf(answer)
}

function writtenOf(answer: Answer): Written {
  if (answer.kind === 'broken') return { kind: 'failed', reason: answer.reason }
  const { status, text } = answer
  if (status === 404 || status === 409) return { kind: 'overtaken' }
  if (status >= 300) return { kind: 'failed', reason: refusal(answer) }
  try {
    return { kind: 'written', object: JSON.parse(text) as unknown }
  } catch {
    return { kind: 'failed', reason: 'the API server answers with something that is no JSON' }
  }
}
