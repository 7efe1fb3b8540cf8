import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { NodePublisher } from '../../src/agent/node-publisher.ts'
import { readToldNode } from '../../src/decode/cluster/told-node.ts'
import { ApiClient } from '../../src/watch/api/client.ts'
import { readClusterLists } from '../../src/watch/cluster-lists.ts'
import { writeNodeStatus } from '../../src/watch/node-status.ts'
import { toldNode } from '../support/calm-cluster.ts'
import { eventually } from '../support/eventually.ts'
import { Recorder } from '../support/recorder.ts'
import type { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'
import { installKinds } from './support/controllers.ts'
import { install } from './support/install.ts'

const ALL = '/apis/nodelb.io/v1alpha1/nodelbnodestatuses'

let server: ApiServer
let admin: Api
let client: ApiClient

beforeAll(async () => {
  server = await ApiServer.start()
  admin = server.admin
  await install(admin)
  await installKinds(server)
  await eventually(async () => (await admin.ask('GET', ALL)).status === 200)
  for (const name of ['n1', 'n2']) await admin.call('POST', '/api/v1/nodes', { metadata: { name } })
  const token = await server.serviceAccountToken('kube-system', 'nodelb')
  const file = server.kubeconfig({ token })
  client = new ApiClient({ kind: 'kubeconfig', file }, 'nodelb-test')
}, 600_000)
afterEach(() => admin.ask('DELETE', ALL))
afterAll(() => {
  client?.close()
  return server?.stop()
})

function write(node: string, more: Parameters<typeof toldNode>[1] = {}) {
  const { node: _node, ...facts } = toldNode(node, more)
  const signal = new AbortController().signal
  return writeNodeStatus(node, facts, (call) => client.fetch({ ...call, signal }))
}

const worst = {
  ready: false,
  reason: 'x'.repeat(300),
  drift: { since: '2026-01-01T00:00:00.000Z', reason: 'y'.repeat(300) },
  ...{ p99Milliseconds: 300_000, changes: 1e9, repairs: 100, refusedServices: 5000 },
  refused: Array.from({ length: 10 }, (_, i) => ({
    service: `shop/${i}`,
    reason: 'z'.repeat(300),
  })),
} as const

test('with the rights of deploy/ an agent writes what is read again, and its Node owns it', async () => {
  expect(await write('n1', worst)).toEqual({ kind: 'written' })
  const object = await admin.call('GET', `${ALL}/n1`)
  expect(readToldNode(object)).toEqual([toldNode('n1', worst)])
  const node = await admin.call('GET', '/api/v1/nodes/n1')
  expect(object.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node.metadata.uid },
  ])
  expect(JSON.stringify(object.status).length).toBeLessThan(6000)
})

test('what is over is taken away again', async () => {
  await write('n1', worst)
  expect(await write('n1')).toEqual({ kind: 'written' })
  const object = await admin.call('GET', `${ALL}/n1`)
  expect(readToldNode(object)).toEqual([toldNode('n1')])
  expect(object.status).not.toHaveProperty('drift')
})

test('kubectl shows them in a table', async () => {
  await write('n1', { p99Milliseconds: 8, comparedAt: new Date().toISOString() })
  await write('n2', { ready: false })
  const args = [`--kubeconfig=${server.kubeconfig()}`, 'get', 'nodelbnodestatuses']
  const { stdout } = await execa(`${server.programs}/kubectl`, args)
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
  expect(rows[0]).toEqual([
    ...['NAME', 'READY', 'BACKEND', 'VERSION', 'P99 MS', 'REPAIRS', 'REFUSED', 'COMPARED'],
  ])
  expect(rows[1]?.slice(0, 7)).toEqual(['n1', 'true', 'nftables', '0.1.0', '8', '0', '0'])
  expect(rows[2]?.slice(0, 3)).toEqual(['n2', 'false', 'nftables'])
})

test('an agent may not delete them, nor write what others own', async () => {
  await write('n1')
  const signal = new AbortController().signal
  const patch = { body: { metadata: {} }, contentType: 'application/merge-patch+json' }
  const ask = (method: 'DELETE' | 'PATCH', path: string) =>
    client.fetch({ method, path, signal, ...(method === 'PATCH' && patch) })
  expect(await ask('DELETE', `${ALL}/n1`)).toMatchObject({ status: 403 })
  expect(await ask('PATCH', `${ALL}/n1`)).toMatchObject({ status: 403 })
  expect(await ask('PATCH', '/api/v1/nodes/n1')).toMatchObject({ status: 403 })
})

test('without its Node an agent makes no object', async () => {
  expect(await write('n9')).toEqual({ kind: 'no-node' })
  expect((await admin.call('GET', ALL)).items).toEqual([])
})

test('what kubectl nodelb reads has them', async () => {
  await write('n1', { repairs: 2 })
  const kubeconfig = new ApiClient({ kind: 'kubeconfig', file: server.kubeconfig() }, 'nodelb-test')
  onTestFinished(() => kubeconfig.close())
  const { told, untold } = await readClusterLists(kubeconfig, AbortSignal.timeout(60_000))
  expect(told.nodeStatuses.flatMap(readToldNode)).toEqual([toldNode('n1', { repairs: 2 })])
  expect(untold).toEqual(new Set())
})

test('a cluster without the kind is told once, and all goes on', async () => {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodelbnodestatuses.nodelb.io`
  await admin.call('DELETE', path)
  await eventually(async () => (await admin.ask('GET', ALL)).status === 404)
  expect(await write('n1')).toEqual({ kind: 'no-kind' })
  const told = new Recorder<{ readonly reason: string | undefined }>()
  const publisher = new NodePublisher({
    ...{ client, node: 'n1', tell: (reason) => told.add({ reason }) },
    facts: () => toldNode('n1'),
  })
  const abort = new AbortController()
  const ended = publisher.run(abort.signal)
  const { reason } = await told.find(() => true)
  expect(reason).toContain('the cluster has no NodelbNodeStatuses')
  abort.abort()
  await ended
})
