import { eachOperation, type Operation, type Plan } from '../../plan/nftables/operation.ts'
import { inSteps } from '../in-steps.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { type Carried, type EncodedPlan, type EncodeOptions, encodeInSteps } from './encode.ts'

export interface Failure {
  readonly operation: Operation
  /** The name in the kernel's errno.h, such as `ENOENT`. */
  readonly errno: string
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly bytes: number }
  /** Another program changed the rule set since `generation`: read and plan again. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'rejected'; readonly failures: readonly Failure[] }
  | { readonly kind: 'too-large'; readonly bytes: number; readonly limit: number }
  | { readonly kind: 'no-answer' }

/** A plan that is ready to be sent; with many Services, encoding it takes seconds. */
export interface Batch {
  readonly plan: Plan
  readonly encoded: EncodedPlan
}

/** Encodes a plan in steps. Rejects if an element does not fit its set. */
export async function toBatch(plan: Plan, options: EncodeOptions = {}): Promise<Batch> {
  return { plan, encoded: await inSteps(encodeInSteps(plan, options)) }
}

/**
 * Commits a plan in one transaction. Nothing is applied if the outcome is `stale`, `rejected` or
 * `too-large`; with `no-answer` this is unknown. Rejects with NetlinkError if the batch as a whole
 * is refused.
 */
export async function commitPlan(
  socket: NetlinkSocket,
  plan: Plan,
  generation: number,
): Promise<CommitOutcome> {
  return commitBatch(socket, await toBatch(plan), generation)
}

/** Does the same for an encoded plan, so that the generation can be asked for right before. */
export async function commitBatch(
  socket: NetlinkSocket,
  batch: Batch,
  generation: number,
): Promise<CommitOutcome> {
  const outcome = await send(socket, batch, generation)
  if (outcome.kind !== 'rejected') return outcome
  // Many elements share a message: send again with one each, to learn which were refused.
  return send(socket, await toBatch(batch.plan, { oneElementPerMessage: true }), generation)
}

async function send(
  socket: NetlinkSocket,
  { plan, encoded: { requests, operations } }: Batch,
  generation: number,
): Promise<CommitOutcome> {
  const outcome = await socket.transact(requests, generation)
  if (outcome.kind === 'committed') {
    return {
      kind: 'committed',
      bytes: requests.reduce((sum, { payload }) => sum + payload.length, 0),
    }
  }
  if (outcome.kind !== 'rejected') return outcome
  const all = [...eachOperation(plan)]
  const failures = outcome.failures.flatMap(({ index, errno }) => {
    const { from, count } = operations[index] ?? NOTHING
    return all.slice(from, from + count).map((operation) => ({ operation, errno }))
  })
  return { kind: 'rejected', failures }
}

const NOTHING: Carried = { from: 0, count: 0 }
