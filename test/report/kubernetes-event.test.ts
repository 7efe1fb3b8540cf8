import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Waits } from '../../src/model/retry.ts'
import { eventOf } from '../../src/report/events/kubernetes-event.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { type EventOutcome, EventQueue, type Sent } from '../../src/telemetry/event-queue.ts'
import type { KubernetesEvent } from '../../src/telemetry/kubernetes-event.ts'
import { Recorder } from '../support/recorder.ts'

const time = new Date('2026-01-31T12:00:00.123Z')
const refused = {
  event: 'service-refused',
  service: 'shop/web',
  reason: 'ENOMEM',
  retryMs: 1,
} as const
const contested: Occurrence = {
  event: 'address-contested',
  service: 'shop/web',
  address: '203.0.113.10:80/tcp',
  winner: 'shop/old',
}

function of(occurrence: Occurrence, node = 'node-a', uid: string | undefined = 'u-1') {
  const event = eventOf(occurrence, { node, uid: () => uid }, time)
  if (event === undefined) throw new Error('no Event')
  return event
}

describe('an Event', () => {
  test('is one of events.k8s.io/v1, on its Service', () => {
    const { name } = of(refused)
    expect(name).toMatch(/^web\.[0-9a-f]{16}$/)
    expect(of(refused)).toEqual({
      namespace: 'shop',
      name,
      ofCluster: false,
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace: 'shop' },
        eventTime: '2026-01-31T12:00:00.123000Z',
        reportingController: 'nodelb',
        reportingInstance: 'node-a',
        type: 'Warning',
        reason: 'KernelRefused',
        action: 'Program',
        note: 'the kernel of node node-a refused this Service: ENOMEM',
        regarding: {
          apiVersion: 'v1',
          kind: 'Service',
          namespace: 'shop',
          name: 'web',
          uid: 'u-1',
        },
      },
    })
  })

  const place = { address: '192.0.2.1', interface: 'eth0', services: ['shop/web'] } as const
  const mac = '02:00:00:00:00:09'
  test.each<[Occurrence, string, string]>([
    [
      { event: 'service-announced', service: 'shop/web' },
      'nodeAssigned',
      'announcing from node "node-a" with protocol "layer2"',
    ],
    [
      { event: 'bgp-service-announced', service: 'shop/web', peers: ['tor'], began: true },
      'nodeAssigned',
      'announcing from node "node-a" with protocol "bgp"',
    ],
    [
      { event: 'announce-conflict', ...place, mac } as unknown as Occurrence,
      'AddressConflict',
      `${mac} on eth0, which is no node of the cluster, has 192.0.2.1; node node-a announces it when that one has given it up: take the address from that one, or out of the pool`,
    ],
    [
      { event: 'announce-disputed', ...place, mac } as unknown as Occurrence,
      'AddressConflict',
      `${mac} on eth0, which is no node of the cluster, claims 192.0.2.1; node node-a goes on announcing it: take the address from that one, or out of the pool`,
    ],
    [
      { event: 'announce-undisputed', ...place, mac } as unknown as Occurrence,
      'AddressConflictOver',
      `${mac} on eth0, which is no node of the cluster, does not answer for 192.0.2.1 any more; node node-a announces it`,
    ],
    [
      { event: 'announce-problem', object: 'Service/shop/web', problems: ['one', 'two'] },
      'announceFailed',
      'one\ntwo',
    ],
    [
      { event: 'bgp-problem', object: 'Service/shop/web', problems: ['one'] },
      'announceFailed',
      'one',
    ],
  ])('tells of announcing: %o', (occurrence, reason, note) => {
    expect(of(occurrence).body).toMatchObject({ reason, note, action: 'Announce' })
  })

  const held = {
    event: 'ports-held',
    service: 'shop/web',
    ports: ['192.0.2.1:80/tcp', '*:30080/tcp'],
  }
  test('tells of ports that something else listens on, and when that is over', () => {
    expect(of(held as Occurrence)).toMatchObject({
      ofCluster: false,
      body: {
        type: 'Warning',
        reason: 'PortInUse',
        note: 'something on node node-a listens on 192.0.2.1:80/tcp, *:30080/tcp, where this Service is served, and gets no connections there: end it (ss -lntup shows it), or give the Service another port or address',
      },
    })
    const over = { event: 'ports-free', service: 'shop/web' } as const
    expect(of({ ...over, exists: true }).body).toMatchObject({
      ...{ type: 'Normal', reason: 'PortInUseOver' },
      note: 'nothing on node node-a listens on ports of this Service any more, or it is served elsewhere',
    })
    const gone: Occurrence = { ...over, exists: false }
    expect(eventOf(gone, { node: 'node-a', uid: () => undefined }, time)).toBeUndefined()
  })

  test('is none where a Service that was announced before gets another peer', () => {
    const event = 'bgp-service-announced'
    const occurrence: Occurrence = { event, service: 'shop/web', peers: ['tor'], began: false }
    expect(eventOf(occurrence, { node: 'node-a', uid: () => 'u-1' }, time)).toBeUndefined()
  })

  test('is none for a problem of an object that is no Service', () => {
    const occurrence = { event: 'announce-problem', object: 'L2Advertisement/a', problems: ['x'] }
    const source = { node: 'node-a', uid: () => 'u-1' }
    expect(eventOf(occurrence as unknown as Occurrence, source, time)).toBeUndefined()
  })

  test('has one name for one piece of news', () => {
    expect(of(refused).name).toBe(of({ ...refused }).name)
    expect(of(refused).name).not.toBe(of({ ...refused, reason: 'EPERM' }).name)
    expect(of(refused).name).not.toBe(of(refused, 'node-b').name)
    expect(of(refused).name).not.toBe(of(refused, 'node-a', 'u-2').name)
    expect(of(contested).name).toBe(of(contested, 'node-b').name)
  })

  test('keeps to the limits of the API', () => {
    const long = of({ ...refused, reason: 'é'.repeat(2000) }, 'n'.repeat(250))
    const body = long.body as { note: string; reportingInstance: string }
    expect(Buffer.byteLength(body.note)).toBe(1023)
    expect(body.note).toMatch(/[é]\.\.\.$/)
    expect(body.reportingInstance).toHaveLength(128)
  })

  test.each<Occurrence>([
    { event: 'object-invalid', object: 'Service shop/web', service: 'shop/web', problems: ['x'] },
    { event: 'health-check-waiting', service: 'shop/web', port: 30123, reason: 'in use' },
  ])('is made of $event', (occurrence) => {
    expect(of(occurrence).namespace).toBe('shop')
  })

  test.each<Occurrence>([
    { event: 'object-invalid', object: 'EndpointSlice shop/web-1', problems: ['x'] },
    { event: 'kernel-compared', durationMs: 1 },
  ])('is not made of $event $object', (occurrence) => {
    expect(eventOf(occurrence, { node: 'a', uid: () => undefined }, time)).toBeUndefined()
  })
})

interface Request {
  readonly verb: 'post' | 'patch'
  readonly path: string
  readonly body: object
}

/** An API server that remembers Events by name, or answers as it is told. */
function start() {
  const server = { names: new Set<string>(), answer: undefined as Sent | undefined }
  const requests = new Recorder<Request>()
  const outcomes = new Recorder<EventOutcome>()
  const trouble: (string | undefined)[] = []
  let now = 0
  const answered = (status: number): Sent => server.answer ?? { kind: 'answered', status }
  const queue = new EventQueue({
    sink: {
      async post(path, body) {
        const { name } = (body as { metadata: { name: string } }).metadata
        const known = server.names.has(name)
        if (server.answer === undefined) server.names.add(name)
        requests.add({ verb: 'post', path, body })
        return answered(known ? 409 : 201)
      },
      async patch(path, body) {
        requests.add({ verb: 'patch', path, body })
        return answered(server.names.has(path.split('/').at(-1) ?? '') ? 200 : 404)
      },
    },
    onOutcome: outcomes.add,
    onTrouble: (reason) => trouble.push(reason),
    now: () => now,
    waits: new Waits({ first: 1, most: 60_000, factor: 2, jitter: 0 }),
  })
  const many = (count: number) => outcomes.find(() => outcomes.items.length >= count)
  const pass = (ms: number): void => {
    now += ms
  }
  return { queue, server, requests: requests.items, outcomes: outcomes.items, trouble, many, pass }
}

const path = '/apis/events.k8s.io/v1/namespaces/shop/events'
const LATER = 10 * 60_000

function numbered(i: number): KubernetesEvent {
  return of({ ...refused, reason: `reason ${i}` })
}

describe('the queue', () => {
  test.each([-3_600_000, 3_600_000])(
    'sends no more at once when the clock is set by %d ms',
    async (ms) => {
      vi.useFakeTimers({ toFake: ['Date'] })
      onTestFinished(() => void vi.useRealTimers())
      let sent = 0
      const post = async (): Promise<Sent> => {
        sent++
        return { kind: 'answered', status: 201 }
      }
      const sink = { post, patch: post }
      const queue = new EventQueue({
        sink,
        onOutcome: () => {},
        onTrouble: () => {},
        waits: new Waits({ first: 1_000, most: 60_000, factor: 2, jitter: 0 }),
      })
      const began = performance.now()
      vi.setSystemTime(Date.now() + ms)
      for (let i = 0; i < 900; i++) queue.add(numbered(i))
      // Each of them takes a few turns of the loop, if it may go.
      for (let turn = 0; turn < 5_000; turn++) await new Promise(setImmediate)
      const seconds = Math.floor((performance.now() - began) / 1000)
      expect(sent).toBeGreaterThanOrEqual(25)
      expect(sent).toBeLessThanOrEqual(25 + seconds)
      queue.close()
    },
  )

  test('sends news once, counts it up later, and begins anew when the server has forgotten', async () => {
    const { queue, server, requests, outcomes, many, pass } = start()
    const event = of(refused)
    queue.add(event)
    await many(1)
    queue.add(event)
    pass(LATER)
    queue.add(event)
    await many(2)
    server.names.clear()
    pass(LATER)
    queue.add(event)
    await many(3)
    const patch = (count: number, lastObservedTime: string): Request => ({
      verb: 'patch',
      path: `${path}/${event.name}`,
      body: { series: { count, lastObservedTime } },
    })
    expect(requests).toEqual([
      { verb: 'post', path, body: event.body },
      patch(2, expect.stringMatching(/^20\d\d-.*Z$/)),
      patch(3, expect.stringMatching(/^20\d\d-.*Z$/)),
      { verb: 'post', path, body: event.body },
    ])
    expect(outcomes).toEqual(['sent', 'sent', 'sent'])
  })

  test('leaves alone what another node has said, and counts up its own of before', async () => {
    const { queue, server, requests, many } = start()
    server.names.add(of(contested).name).add(of(refused).name)
    queue.add(of(contested))
    await many(1)
    queue.add(of(refused))
    await many(2)
    expect(requests.map(({ verb }) => verb)).toEqual(['post', 'post', 'patch'])
    expect(requests.at(-1)?.body).toMatchObject({ series: { count: 2 } })
  })

  test.each<Sent>([
    { kind: 'broken', reason: 'connect ECONNREFUSED' },
    { kind: 'answered', status: 503 },
    { kind: 'answered', status: 429 },
  ])('tries again when the server cannot be asked: %o', async (answer) => {
    const { queue, server, outcomes, trouble, many } = start()
    server.answer = answer
    queue.add(of(refused))
    await many(2)
    server.answer = undefined
    await many(outcomes.length + 1)
    queue.close()
    expect(outcomes.filter((outcome) => outcome !== 'failed')).toEqual(['sent'])
    const reason =
      answer.kind === 'broken' ? answer.reason : `the API server answers ${answer.status}`
    expect(new Set(trouble)).toEqual(new Set([reason, undefined]))
  })

  test('does not send again what the server will never take', async () => {
    const { queue, server, requests, outcomes, trouble, many } = start()
    server.answer = { kind: 'answered', status: 403 }
    queue.add(of(refused))
    await many(1)
    queue.add(of(refused))
    queue.add(numbered(1))
    await many(2)
    expect(outcomes).toEqual(['dropped', 'dropped'])
    expect(requests.map(({ body }) => body)).toEqual([of(refused).body, numbered(1).body])
    expect(trouble).toEqual(Array.from({ length: 2 }, () => 'the API server answers 403'))
  })

  test('sends 25 at once, then one a second, and drops what is more than 1,000', async () => {
    const { queue, requests, outcomes, many, pass } = start()
    for (let i = 0; i < 1_100; i++) queue.add(numbered(i))
    const dropped = outcomes.filter((outcome) => outcome === 'dropped').length
    expect(dropped).toBe(100)
    await many(dropped + 25)
    pass(2_000)
    await many(dropped + 27)
    queue.close()
    expect(requests).toHaveLength(27)
  })

  test('is closed at once, with whatever waits', async () => {
    const { queue, requests, many } = start()
    queue.add(numbered(0))
    await many(1)
    queue.close()
    queue.add(numbered(1))
    expect(requests).toHaveLength(1)
  })
})
