import { expect, test } from 'vitest'
import { printProblem } from '../../src/decode/problem.ts'
import { createMetrics } from '../../src/report/metrics/metrics.ts'
import { objectProblems } from '../../src/report/object-problems.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { follow } from '../../src/report/status/state.ts'
import { statusOf } from '../../src/report/status/status.ts'
import { statusView } from '../../src/view/status-view.ts'
import { ObjectStore } from '../../src/watch/object-store.ts'
import { SeenNodes } from '../../src/watch/seen-nodes.ts'
import { noAnnouncing, noCounts } from '../support/no-announcing.ts'

/** One count of one thing: the status counts objects as the metrics do. */

const slice = {
  metadata: { namespace: 'shop', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080 }],
  endpoints: [{ addresses: ['10.244.1.10'] }, { addresses: ['10.42.0.bad'] }],
}

function agent() {
  const state = newState(0)
  const store = new ObjectStore({
    nodes: new SeenNodes('node-a', { leaving: () => undefined }),
    listener: objectProblems('node-a', (object, problems) => {
      follow(state, { event: 'object-invalid', object, problems: problems.map(printProblem) }, 0)
    }),
  })
  const view = {
    ...{ version: '', node: 'node-a', state, announce: noAnnouncing, ...noCounts },
    objects: () => store.counts(),
    services: () => [],
    linesLost: () => 0,
    healthChecks: () => 0,
    droppedPorts: () => ({ internal: { ipv4: 0, ipv6: 0 }, external: { ipv4: 0, ipv6: 0 } }),
    generation: async () => 1,
    affinity: async () => [],
  }
  return { store, status: () => statusOf(state, view, 0), metrics: createMetrics(view) }
}

test('a slice that is wrong in part is one invalid object, wherever it is counted', async () => {
  const { store, status, metrics } = agent()
  store.apply({ kind: 'object', resource: 'endpointslices', object: slice })
  const series = (await metrics.text())
    .split('\n')
    .filter((line) => /^nodelb_\w*objects/.test(line))
  expect(series).toEqual([
    'nodelb_invalid_objects 1',
    'nodelb_objects{resource="services"} 0',
    'nodelb_objects{resource="endpointslices"} 1',
  ])
  expect(status().objects).toEqual({ services: 0, endpointslices: 1 })
  expect(statusView(status(), { all: false }).facts).toContainEqual({
    name: 'Follows',
    text: '0 Services, 1 EndpointSlice, 1 Node',
  })
  expect(status().problems).toHaveLength(1)
})
