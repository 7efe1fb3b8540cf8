import { describe, expect, test } from 'vitest'
import { STATUS_KINDS } from '../../src/decode/announcing/service-status.ts'
import { readAgentPod } from '../../src/decode/cluster/agent-pod.ts'
import { readControllerPod } from '../../src/decode/cluster/controller-pod.ts'
import { readToldAnnouncer } from '../../src/decode/cluster/told-announcer.ts'
import { readWarning } from '../../src/decode/cluster/warning.ts'

const metadata = { namespace: 'kube-system', name: 'nodelb-x' }

describe('a Pod of the agents', () => {
  test('is read by its container and its conditions', () => {
    const pod = {
      metadata,
      spec: {
        nodeName: 'n1',
        containers: [
          { name: 'frr', image: 'frr' },
          { name: 'agent', image: 'nodelb:1' },
        ],
        volumes: [{ name: 'config', configMap: { name: 'nodelb' } }],
      },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ name: 'agent', restartCount: 3 }],
      },
    }
    expect(readAgentPod(pod)).toEqual({
      ...{ pod: 'kube-system/nodelb-x', node: 'n1', image: 'nodelb:1', ready: true, reason: '' },
      ...{ restarts: 3, config: 'kube-system/nodelb' },
    })
  })

  test('without a container called agent it is the first one, and what is missing is left empty', () => {
    const pod = { metadata, spec: { containers: [{ name: 'nodelb', image: 'nodelb:1' }] } }
    expect(readAgentPod(pod)).toEqual({
      ...{ pod: 'kube-system/nodelb-x', node: '', image: 'nodelb:1', ready: false, reason: '' },
      ...{ restarts: 0, config: undefined },
    })
  })

  test.each([
    [{ containerStatuses: [{ name: 'agent', state: { waiting: { reason: 'A' } } }] }, 'A'],
    [{ conditions: [{ type: 'Ready', status: 'False', message: 'B' }] }, 'B'],
    [{ phase: 'Pending' }, 'Pending'],
  ])('is not ready, by %j', (status, reason) => {
    const pod = { metadata, spec: { containers: [{ name: 'agent' }] }, status }
    expect(readAgentPod(pod)).toMatchObject({ ready: false, reason })
  })
})

test('who announces a Service is told by both kinds of statuses, or by neither', () => {
  const status = { node: 'n1', serviceName: 'web', serviceNamespace: 'shop' }
  const layer2 = { status: { ...status, interfaces: [{ name: 'eth0' }] } }
  const announcer = { service: 'shop/web', node: 'n1' }
  expect(readToldAnnouncer(layer2, 'layer2')).toEqual([
    { ...announcer, protocol: 'layer2', over: ['eth0'] },
  ])
  expect(readToldAnnouncer({ status: { ...status, peers: ['tor'] } }, 'bgp')).toEqual([
    { ...announcer, protocol: 'bgp', over: ['tor'] },
  ])
  expect(readToldAnnouncer({ status: { node: 'n1' } }, 'bgp')).toEqual([])
  expect(readToldAnnouncer({ status: { serviceName: 'web' } }, 'layer2')).toEqual([])
})

test.each([
  [{ series: { lastObservedTime: 'a' }, lastTimestamp: 'b', eventTime: 'c' }, 'a'],
  [{ lastTimestamp: 'b', eventTime: 'c' }, 'b'],
  [{ eventTime: 'c' }, 'c'],
  [{}, ''],
])('a warning of ours was last seen when the Event says it: %j', (times, at) => {
  const about = { kind: 'Service', namespace: 'shop', name: 'web' }
  const event = { reportingComponent: 'nodelb', involvedObject: about, reason: 'r', ...times }
  expect(readWarning(event)).toEqual([{ about: 'shop/web', reason: 'r', message: '', at }])
})

test('a warning about another kind has it in its name, and those of others are none', () => {
  const involvedObject = { kind: 'IPAddressPool', name: 'public' }
  const event = { reportingComponent: 'nodelb-controller', involvedObject }
  expect(readWarning(event)).toMatchObject([{ about: 'IPAddressPool/public' }])
  expect(readWarning({ ...event, reportingComponent: 'kubelet' })).toEqual([])
})

test('an entry of a status is a name, on layer 2 in an object', () => {
  const { layer2, bgp } = STATUS_KINDS
  for (const kind of [layer2, bgp]) expect(kind.nameIn(kind.entry('x'))).toBe('x')
  expect(layer2.entry('eth0')).toEqual({ name: 'eth0' })
  expect(bgp.nameIn({ name: 'tor' })).toBeUndefined()
})

test('a Pod of the controller has the port of the page by its name', () => {
  const metadata = { namespace: 'kube-system', name: 'controller-a' }
  const ports = [
    { name: 'http', containerPort: 10267 },
    { name: 'ui', containerPort: 10268 },
  ]
  const status = { conditions: [{ type: 'Ready', status: 'True' }] }
  expect(readControllerPod({ metadata, spec: { containers: [{ ports }] }, status })).toEqual({
    ...metadata,
    ...{ ready: true, ui: 10268 },
  })
  const spoilt = { metadata, spec: { containers: [{ ports: [{ name: 'ui' }] }, 1] } }
  expect(readControllerPod(spoilt)).toEqual({ ...metadata, ready: false, ui: undefined })
})
