import type { NodeFacts } from '../../model/node-facts.ts'
import { valueAt } from '../fields.ts'
import { listAt, textAt } from './text-at.ts'

/** What the agent of a Node tells of it. */
export interface ToldNode extends NodeFacts {
  readonly node: string
}

/**
 * Reads a NodelbNodeStatus; nothing if it does not say when that was written. What is missing, or is not of its type,
 * is not known.
 */
export function readToldNode(object: unknown): readonly ToldNode[] {
  const status = valueAt(object, ['status'])
  const [node, observedAt] = [textAt(object, 'metadata', 'name'), timeAt(status, 'observedAt')]
  if (node === '' || observedAt === null) return []
  const since = timeAt(status, 'drift', 'since')
  const told: ToldNode = {
    ...{ node, observedAt },
    startedAt: timeAt(status, 'startedAt') ?? '',
    version: textAt(status, 'version'),
    backend: textAt(status, 'backend') || null,
    scope: textAt(status, 'scope') || null,
    owned: flagAt(status, 'owned'),
    ready: flagAt(status, 'ready') ?? false,
    reason: textAt(status, 'reason'),
    p99Milliseconds: numberAt(status, 'p99Milliseconds'),
    changes: numberAt(status, 'changes') ?? 0,
    lastChangeAt: timeAt(status, 'lastChangeAt'),
    comparedAt: timeAt(status, 'comparedAt'),
    repairs: numberAt(status, 'repairs') ?? 0,
    drift: since === null ? null : { since, reason: textAt(status, 'drift', 'reason') },
    refused: listAt(status, 'refused').map((each) => {
      return { service: textAt(each, 'service'), reason: textAt(each, 'reason') }
    }),
    refusedServices: numberAt(status, 'refusedServices') ?? 0,
  }
  return [told]
}

/** Returns null where the time cannot be read, because its age is not known then. */
function timeAt(status: unknown, ...path: readonly string[]): string | null {
  const found = textAt(status, ...path)
  return Number.isNaN(Date.parse(found)) ? null : found
}

function numberAt(status: unknown, field: string): number | null {
  const found = valueAt(status, [field])
  return typeof found === 'number' ? found : null
}

function flagAt(status: unknown, field: string): boolean | null {
  const found = valueAt(status, [field])
  return typeof found === 'boolean' ? found : null
}
