import { expect, onTestFinished, test } from 'vitest'
import { ServiceStatuses } from '../../src/speaker/service-statuses.ts'
import type { Answer } from '../../src/watch/api/answer.ts'
import type { ApiClient } from '../../src/watch/api/client.ts'
import { Recorder } from '../support/recorder.ts'

type Call = Parameters<ApiClient['fetch']>[0]
interface Kept {
  readonly metadata: { readonly name: string; readonly labels: object }
  readonly status?: object
}

/** An API server that keeps the statuses and does nothing else. */
class FakeServer {
  readonly objects: Map<string, Kept> = new Map()
  readonly calls: Recorder<string> = new Recorder()
  readonly paths: string[] = []
  /** Answers in place of the server, or looks on. */
  instead: (call: Call) => Answer | undefined = () => undefined
  most = 0
  #now = 0
  #made = 0

  readonly fetch = async (call: Call): Promise<Answer> => {
    this.most = Math.max(this.most, ++this.#now)
    this.calls.add(call.method ?? 'GET')
    this.paths.push(call.path)
    // The others have their turn meanwhile, as with a real server.
    await new Promise((resolve) => setImmediate(resolve))
    this.#now--
    return this.instead(call) ?? this.#answer(call)
  }

  count(method: string): number {
    return this.calls.items.filter((each) => each === method).length
  }

  #answer({ method = 'GET', path, body }: Call): Answer {
    const name = /service(?:l2|bgp)statuses\/([^/]+)/.exec(path)?.[1] ?? ''
    if (method === 'GET') return answer(200, { items: [...this.objects.values()] })
    if (method === 'POST') {
      const made = { ...(body as Kept) }
      const named = { ...made, metadata: { ...made.metadata, name: `l2-${this.#made++}` } }
      this.objects.set(named.metadata.name, named)
      return answer(201, named)
    }
    const found = this.objects.get(name)
    if (found === undefined) return answer(404)
    if (method === 'DELETE') this.objects.delete(name)
    else this.objects.set(name, { ...found, ...(body as object) })
    return answer(200)
  }
}

function answer(status: number, body: object = {}, retryAfterMs?: number): Answer {
  return { kind: 'answered', status, text: JSON.stringify(body), retryAfterMs }
}

interface Telling {
  readonly reason: string | undefined
}

interface Kit {
  readonly server: FakeServer
  readonly statuses: ServiceStatuses
  readonly told: Recorder<Telling>
}

/** Runs until the test is over. */
function begin(protocol: 'layer2' | 'bgp' = 'layer2'): Kit {
  const server = new FakeServer()
  const told = new Recorder<Telling>()
  const statuses = new ServiceStatuses({
    ...{ client: server, namespace: 'kube-system', node: 'n1', pod: undefined },
    protocol,
    tell: (reason) => told.add({ reason }),
  })
  const abort = new AbortController()
  const ended = statuses.run(abort.signal)
  onTestFinished(async () => {
    abort.abort()
    await ended
  })
  return { server, statuses, told }
}

const some = (count: number): ReadonlyMap<string, readonly string[]> =>
  new Map(Array.from({ length: count }, (_, i) => [`shop/web-${i}`, []]))

const isList = (call: string): boolean => call === 'GET'

test('four are written at a time, and what was written is looked at', async () => {
  const { server, statuses, told } = begin()
  statuses.want(some(50))
  await server.calls.find(isList, 1)
  expect(server.calls.items).toHaveLength(102)
  expect([server.count('POST'), server.count('PATCH'), server.most]).toEqual([50, 50, 4])
  expect(told.items).toEqual([])
})

test('what is undone at once is written again', async () => {
  const { server, statuses } = begin()
  let undone = false
  server.instead = ({ method }) => {
    if (method !== 'PATCH' || undone) return undefined
    undone = true
    server.objects.clear()
    return answer(404)
  }
  statuses.want(some(1))
  await server.calls.find((call) => call === 'PATCH', 3)
  await server.calls.find(isList, 5)
  expect([...server.objects.values()]).toMatchObject([{ status: { serviceName: 'web-0' } }])
  expect(server.calls.items).toEqual(['GET', 'POST', 'PATCH', 'GET', 'POST', 'PATCH', 'GET'])
})

test('one that is refused does not keep the others from being written', async () => {
  const { server, statuses, told } = begin()
  let refuses = true
  server.instead = ({ method, body }) => {
    const isFirst = JSON.stringify(body ?? '').includes('"web-0"')
    return method === 'POST' && isFirst && refuses ? answer(403) : undefined
  }
  statuses.want(some(20))
  expect(await told.find(() => true)).toEqual({ reason: 'the API server answers 403: {}' })
  expect(server.objects.size).toBe(19)
  refuses = false
  expect(await told.find(() => true, 1)).toEqual({ reason: undefined })
  expect(server.objects.size).toBe(20)
})

test('a namespace that is missing is told, too', async () => {
  const { server, statuses, told } = begin()
  server.instead = ({ method }) => (method === 'POST' ? answer(404) : undefined)
  statuses.want(some(1))
  expect((await told.find(() => true)).reason).toContain('404')
})

test.for<readonly [string, Answer]>([
  ['does not answer', { kind: 'broken', reason: 'it took longer than 10 s' }],
  ['has too much to do', answer(429)],
])('a round ends if the API server %s', async ([, instead]) => {
  const { server, statuses, told } = begin()
  server.instead = ({ method }) => (method === 'POST' ? instead : undefined)
  statuses.want(some(300))
  await told.find(() => true)
  expect(server.count('POST')).toBeLessThanOrEqual(4)
  server.instead = () => undefined
  expect(await told.find(() => true, 1)).toEqual({ reason: undefined })
  expect(server.objects.size).toBe(300)
})

test('nothing is asked for as long as the API server wishes, whatever comes', async () => {
  const { server, statuses, told } = begin()
  let asked = 0
  server.instead = () => {
    if (asked > 0) return undefined
    asked = performance.now()
    return answer(429, {}, 2_500)
  }
  statuses.want(some(1))
  await told.find(() => true)
  statuses.want(some(2))
  await server.calls.find(isList, 1)
  expect(performance.now() - asked).toBeGreaterThan(2_400)
})

test('who undoes it again and again is told of', { timeout: 60_000 }, async () => {
  const { server, statuses, told } = begin()
  server.instead = ({ method }) => {
    if (method === undefined) server.objects.clear()
    return undefined
  }
  statuses.want(some(1))
  expect((await told.find(() => true)).reason).toContain('something else')
  expect(server.count('POST')).toBe(4)
})

test('of what is announced by BGP each node looks at its own alone, and lists peers', async () => {
  const { server, statuses } = begin('bgp')
  statuses.want(new Map([['shop/web', ['spine', 'tor']]]))
  await server.calls.find(isList, 1)
  expect(server.paths[0]).toBe(
    '/apis/metallb.io/v1beta1/namespaces/kube-system/servicebgpstatuses?limit=500&labelSelector=metallb.io%2Fnode%3Dn1',
  )
  expect([...server.objects.values()]).toMatchObject([
    {
      metadata: { labels: { 'metallb.io/node': 'n1' } },
      kind: 'ServiceBGPStatus',
      status: { node: 'n1', serviceNamespace: 'shop', serviceName: 'web', peers: ['spine', 'tor'] },
    },
  ])
  expect([server.count('POST'), server.count('PATCH')]).toEqual([1, 1])
})
