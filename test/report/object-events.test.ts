import { expect, test } from 'vitest'
import { objectProblems } from '../../src/report/object-problems.ts'
import { ObjectStore } from '../../src/watch/object-store.ts'
import type { Resource } from '../../src/watch/resources.ts'
import { SeenNodes } from '../../src/watch/seen-nodes.ts'
import { noAnnouncing, noCounts } from '../support/no-announcing.ts'
import { Recorder } from '../support/recorder.ts'
import { startTelemetryWithLog } from './logged-telemetry.ts'

/** What is wrong with objects is told on the Service that suffers from it, where people look. */

interface Event {
  readonly reason: string
  readonly note: string
  readonly regarding: object
}

function agent() {
  const events = new Recorder<Event>()
  const post = async (_: string, event: object) => {
    events.add(event as Event)
    return { kind: 'answered', status: 201 } as const
  }
  const none = { ipv4: 0, ipv6: 0 }
  const { telemetry } = startTelemetryWithLog({
    view: {
      objects: () => store.counts(),
      services: () => [],
      uid: (service) => store.uid(service),
      healthChecks: () => 0,
      droppedPorts: () => ({ internal: none, external: none }),
      generation: async () => 1,
      affinity: async () => [],
      announce: noAnnouncing,
      ...noCounts,
    },
    events: { post, patch: post },
  })
  const store: ObjectStore<SeenNodes> = new ObjectStore({
    nodes: new SeenNodes('node-a', { leaving: () => undefined }),
    listener: objectProblems('node-a', telemetry.problems),
  })
  const put = (resource: Resource, object: object) =>
    store.apply({ kind: 'object', resource, object })
  return { put, events }
}

function service(fields: object = {}): object {
  return {
    metadata: { namespace: 'shop', name: 'web', uid: 'u-1' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...fields },
  }
}

const regarding = { kind: 'Service', namespace: 'shop', name: 'web', uid: 'u-1' }
const labels = { 'kubernetes.io/service-name': 'web' }

function slice(
  metadata: object = { labels },
  endpoints: readonly string[] = ['10.42.0.bad'],
): object {
  return {
    metadata: { namespace: 'shop', name: 'web-1', ...metadata },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080 }],
    endpoints: endpoints.map((address) => ({ addresses: [address] })),
  }
}

const INVALID_ENDPOINTS = {
  reason: 'InvalidEndpoints',
  note: 'API server: EndpointSlice shop/web-1: endpoints[0].addresses[0]: found "10.42.0.bad", expected an IPv4 or IPv6 address',
  regarding,
}

test('a slice that cannot be used is an Event of its Service', async () => {
  const { put, events } = agent()
  put('services', service())
  put('endpointslices', slice())
  expect(await events.find(() => true)).toMatchObject(INVALID_ENDPOINTS)
})

test('a slice that is wrong in part is one, too', async () => {
  const { put, events } = agent()
  put('services', service())
  put('endpointslices', slice({ labels }, ['10.42.0.bad', '10.42.0.1']))
  expect(await events.find(() => true)).toMatchObject(INVALID_ENDPOINTS)
})

test('a slice that comes before its Service knows the uid by its owner', async () => {
  const { put, events } = agent()
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'u-1' }]
  put('endpointslices', slice({ labels, ownerReferences }))
  expect(await events.find(() => true)).toMatchObject(INVALID_ENDPOINTS)
})

test('a Service that never could be read is found by its uid', async () => {
  const { put, events } = agent()
  put('services', service({ ports: [{ port: 0 }] }))
  expect(await events.find(() => true)).toMatchObject({ reason: 'InvalidService', regarding })
})

test('a slice that names no Service is an Event of nobody', async () => {
  const { put, events } = agent()
  put('endpointslices', slice({}))
  put('services', service({ ports: [{ port: 0 }] }))
  await events.find(() => true)
  expect(events.items.map(({ reason }) => reason)).toEqual(['InvalidService'])
})
