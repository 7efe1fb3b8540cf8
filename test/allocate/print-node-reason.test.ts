import { expect, test } from 'vitest'
import type { NodeBar } from '../../src/allocate/node-reason.ts'
import { printNodeReason } from '../../src/allocate/print-node-reason.ts'

test.each<[NodeBar, string]>([
  [{ kind: 'internal-only' }, 'there is no ExternalIP, as other Nodes have one'],
  [{ kind: 'service-leaving' }, 'it has no address yet, and gets none while it is being deleted'],
  [{ kind: 'not-ready' }, 'the condition Ready does not hold'],
  [
    { kind: 'excluded' },
    'the label node.kubernetes.io/exclude-from-external-load-balancers is set',
  ],
])('a Service without an address is told about Nodes that are %j', (bar, words) => {
  expect(printNodeReason({ kind: 'no-node', barred: [{ nodes: ['n1'], bar }] })).toBe(
    `No Node can serve the Service: on n1, where ${words}`,
  )
})
