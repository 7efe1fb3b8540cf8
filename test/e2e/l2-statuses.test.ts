import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ServiceStatuses } from '../../src/speaker/service-statuses.ts'
import { ApiClient } from '../../src/watch/api/client.ts'
import { eventually } from '../support/eventually.ts'
import { Recorder } from '../support/recorder.ts'
import type { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'
import { installAccount, installKinds } from './support/controllers.ts'
import { install } from './support/install.ts'

const path = '/apis/metallb.io/v1beta1/namespaces/kube-system/servicel2statuses'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const kind = 'servicel2statuses.metallb.io'

let server: ApiServer
let admin: Api
let token = ''

beforeAll(async () => {
  server = await ApiServer.start()
  admin = server.admin
  await install(admin)
  await installKinds(server)
  await installAccount(server, 'layer2')
  token = await server.serviceAccountToken('kube-system', 'nodelb')
}, 600_000)

afterEach(async () => {
  await admin.call('DELETE', path)
})
afterAll(() => server?.stop())

type Wanted = ReadonlyMap<string, readonly string[]>

interface Telling {
  readonly reason: string | undefined
}

interface Kit {
  readonly statuses: ServiceStatuses
  readonly told: Recorder<Telling>
  /** The methods of all requests. */
  readonly calls: string[]
  /** The most requests at the same time. */
  readonly most: () => number
  readonly end: () => Promise<void>
}

const pod = (uid: string) => ({ name: `nodelb-${uid}`, uid })

/** Keeps the statuses of a node with the rights of deploy/, until the test is over. */
function keep(node: string, owner: ReturnType<typeof pod> | undefined = pod('uid-1')): Kit {
  const file = server.kubeconfig({ token })
  const client = new ApiClient({ kind: 'kubeconfig', file }, 'nodelb-test')
  const told = new Recorder<Telling>()
  const calls: string[] = []
  let [now, most] = [0, 0]
  const fetch: ApiClient['fetch'] = async (call) => {
    calls.push(call.method ?? 'GET')
    most = Math.max(most, ++now)
    const answer = await client.fetch(call)
    now--
    return answer
  }
  const statuses = new ServiceStatuses({
    ...{ client: { fetch }, namespace: 'kube-system', node, pod: owner },
    protocol: 'layer2',
    tell: (reason) => told.add({ reason }),
  })
  const abort = new AbortController()
  const ended = statuses.run(abort.signal)
  const end = async (): Promise<void> => {
    abort.abort()
    await ended
    client.close()
  }
  onTestFinished(end)
  return { statuses, told, calls, most: () => most, end }
}

function services(count: number): Wanted {
  return new Map(Array.from({ length: count }, (_, i) => [`shop/web-${i}`, []]))
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the API server has
async function all(): Promise<any[]> {
  return (await admin.call('GET', path)).items
}

/** Who announces what, and where, as the API server has it. */
async function written(): Promise<readonly string[]> {
  const items = await all()
  return items
    .map(({ status }) => {
      const names = status?.interfaces?.map((each: { name: string }) => each.name)
      const on = names === undefined ? '' : ` on ${names}`
      return `${status?.serviceNamespace}/${status?.serviceName} ${status?.node}${on}`
    })
    .sort()
}

function areWritten(...expected: readonly string[]): Promise<void> {
  const text = JSON.stringify([...expected].sort())
  let last = ''
  const ask = async (): Promise<boolean> => {
    last = JSON.stringify(await written())
    return last === text
  }
  const late = (): string => `${last} instead of ${text}`
  // Many take longer to write, and to ask for.
  const { length } = expected
  return eventually(ask, { within: 30_000 + length * 500, every: 20 + length, late })
}

test('a status is created, changed and deleted with what the node announces', async () => {
  const { statuses, told } = keep('n1')
  statuses.want(new Map([['shop/web', ['eth0']]]))
  await areWritten('shop/web n1 on eth0')
  const [created] = await all()
  expect(created.metadata).toMatchObject({
    name: expect.stringMatching(/^l2-/),
    labels: {
      'metallb.io/node': 'n1',
      'metallb.io/service-name': 'web',
      'metallb.io/service-namespace': 'shop',
    },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nodelb-uid-1', uid: 'uid-1' }],
  })
  statuses.want(new Map([['shop/web', ['eth0', 'eth1']]]))
  await areWritten('shop/web n1 on eth0,eth1')
  statuses.want(new Map([['shop/web', []]]))
  await areWritten('shop/web n1')
  const [changed] = await all()
  expect(changed.metadata.uid).toBe(created.metadata.uid)
  expect(changed.status).not.toHaveProperty('interfaces')
  statuses.want(new Map())
  await areWritten()
  expect(told.items).toEqual([])
})

test('the node that announces deletes what another left, for its own Services alone', async () => {
  const other = keep('n2')
  other.statuses.want(services(3))
  await areWritten('shop/web-0 n2', 'shop/web-1 n2', 'shop/web-2 n2')
  await other.end()
  const { statuses, told } = keep('n1')
  statuses.want(services(2))
  await areWritten('shop/web-0 n1', 'shop/web-1 n1', 'shop/web-2 n2')
  expect(told.items).toEqual([])
})

test('what a former Pod of the node owns is replaced, as it goes with that Pod', async () => {
  const former = keep('n1', pod('uid-old'))
  former.statuses.want(services(2))
  await areWritten('shop/web-0 n1', 'shop/web-1 n1')
  await former.end()
  const { statuses } = keep('n1', pod('uid-new'))
  statuses.want(services(2))
  const owners = async () =>
    (await all()).map(({ metadata, status }) => [metadata.ownerReferences?.[0]?.uid, status?.node])
  const expected = JSON.stringify([1, 2].map(() => ['uid-new', 'n1']))
  await eventually(async () => JSON.stringify(await owners()) === expected)
})

test('names longer than a label can be are kept as well', async () => {
  const node = `${'n'.repeat(60)}.${'d'.repeat(60)}.example`
  const [namespace, name] = ['s'.repeat(63), 'w'.repeat(63)]
  const before = keep(node)
  before.statuses.want(new Map([[`${namespace}/${name}`, []]]))
  await areWritten(`${namespace}/${name} ${node}`)
  await before.end()
  const { statuses, told } = keep(node)
  statuses.want(new Map([['shop/web', []]]))
  await areWritten(`shop/web ${node}`)
  expect(told.items).toEqual([])
})

test('duplicates and what a writer left half done are put right', async () => {
  const labels = { 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'shop' }
  const make = (node: string) =>
    admin.call('POST', path, {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ServiceL2Status',
      metadata: { generateName: 'l2-', labels: { ...labels, 'metallb.io/node': node } },
      spec: {},
    })
  for (const node of ['n1', 'n1', 'n2']) await make(node)
  const { statuses } = keep('n1', undefined)
  statuses.want(new Map([['shop/web', []]]))
  await areWritten('shop/web n1')
})

test('what is deleted right after it was written is written again', async () => {
  const { statuses } = keep('n1')
  statuses.want(services(1))
  await areWritten('shop/web-0 n1')
  const [{ metadata }] = await all()
  await admin.call('DELETE', `${path}/${metadata.name}`)
  await areWritten('shop/web-0 n1')
})

test('without the kind nothing is written, and with it all is', async () => {
  const definition = await admin.call('GET', `${definitions}/${kind}`)
  await admin.call('DELETE', `${definitions}/${kind}`)
  await eventually(async () => (await admin.ask('GET', path)).status === 404)
  const { statuses, told, calls } = keep('n1')
  statuses.want(services(2))
  const { reason } = await told.find(() => true)
  expect(reason).toContain('the cluster has no ServiceL2Statuses')
  // It is asked for again, and told no second time.
  await eventually(async () => calls.length > 1)
  expect(told.items).toHaveLength(1)
  const { name, annotations } = definition.metadata
  await admin.call('POST', definitions, {
    ...{ apiVersion: definition.apiVersion, kind: definition.kind, spec: definition.spec },
    metadata: { name, annotations },
  })
  expect(await told.find(() => true, 1)).toEqual({ reason: undefined })
  expect(await written()).toEqual(['shop/web-0 n1', 'shop/web-1 n1'])
})

test('what changes while the API server is away is written when it is back', async () => {
  const { statuses, told } = keep('n1')
  statuses.want(services(3))
  await areWritten('shop/web-0 n1', 'shop/web-1 n1', 'shop/web-2 n1')
  await server.kill()
  statuses.want(services(1))
  await told.find(({ reason }) => reason !== undefined)
  statuses.want(services(2))
  await server.resume()
  await told.find(({ reason }) => reason === undefined)
  // It is told only once the API server was seen to have it.
  expect(await written()).toEqual(['shop/web-0 n1', 'shop/web-1 n1'])
})

test('a takeover of 300 costs three writes each, four at a time', async () => {
  const other = keep('n2')
  other.statuses.want(services(300))
  const names = [...services(300).keys()]
  await areWritten(...names.map((name) => `${name} n2`))
  await other.end()
  const { statuses, told, calls, most } = keep('n1')
  // A burst, as it comes when one address after the other is taken.
  for (let count = 1; count <= 300; count++) statuses.want(services(count))
  await areWritten(...names.map((name) => `${name} n1`))
  const count = (method: string): number => calls.filter((each) => each === method).length
  expect([count('POST'), count('PATCH'), count('DELETE')]).toEqual([300, 300, 300])
  expect(count('GET')).toBeLessThanOrEqual(3)
  expect(most()).toBe(4)
  expect(told.items).toEqual([])
})
