import type { NodeFacts } from '../../model/node-facts.ts'
import { valueAt } from '../fields.ts'
import { listAt, textAt } from './text-at.ts'

/** What the agent of a Node tells of it. */
export interface ToldNode extends NodeFacts {
  readonly node: string
}

/** Reads a NodelbNodeStatus; nothing if it does not say anything yet. What is missing is not known. */
export function readToldNode(object: unknown): readonly ToldNode[] {
  const status = valueAt(object, ['status'])
  const [node, observedAt] = [textAt(object, 'metadata', 'name'), textAt(status, 'observedAt')]
  if (node === '' || observedAt === '') return []
  const since = textAt(status, 'drift', 'since')
  const told: ToldNode = {
    ...{ node, observedAt },
    startedAt: textAt(status, 'startedAt'),
    version: textAt(status, 'version'),
    backend: textAt(status, 'backend') || null,
    scope: textAt(status, 'scope') || null,
    owned: flagAt(status, 'owned'),
    ready: flagAt(status, 'ready') ?? false,
    reason: textAt(status, 'reason'),
    p99Milliseconds: numberAt(status, 'p99Milliseconds'),
    changes: numberAt(status, 'changes') ?? 0,
    lastChangeAt: textAt(status, 'lastChangeAt') || null,
    comparedAt: textAt(status, 'comparedAt') || null,
    repairs: numberAt(status, 'repairs') ?? 0,
    drift: since === '' ? null : { since, reason: textAt(status, 'drift', 'reason') },
    refused: listAt(status, 'refused').map((each) => {
      return { service: textAt(each, 'service'), reason: textAt(each, 'reason') }
    }),
    refusedServices: numberAt(status, 'refusedServices') ?? 0,
  }
  return [told]
}

function numberAt(status: unknown, field: string): number | null {
  const found = valueAt(status, [field])
  return typeof found === 'number' ? found : null
}

function flagAt(status: unknown, field: string): boolean | null {
  const found = valueAt(status, [field])
  return typeof found === 'boolean' ? found : null
}
