import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { balanced, paths, pool } from '../e2e/support/controllers.ts'
import { ask, refusal, type Taken, takePort } from '../support/asking.ts'
import { replaceFile, writeConfiguration } from '../support/configuration.ts'
import { eventually } from '../support/eventually.ts'
import { AgentHere } from '../support/here.ts'
import { ModelApi } from '../support/model-api.ts'
import type { Manifest } from '../support/model-objects.ts'

/** One controller that lives through what happens to it and to its API server. */

const services = paths.services('default')
const states = '/apis/metallb.io/v1beta1/namespaces/kube-system/configurationstates'
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'

let api: ModelApi
let controller: AgentHere
let folder = ''
let file = ''
let port = 0
let taken: Taken

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-controller-'))
  file = join(folder, 'nodelb.yaml')
  taken = await takePort()
  port = taken.port
  api = await ModelApi.open()
  configure({})
  api.call('POST', leases, {
    metadata: { name: 'nodelb-controller' },
    spec: { holderIdentity: 'other', leaseDurationSeconds: 3_600, leaseTransitions: 4 },
  })
  api.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.19']))
  api.call('POST', services, balanced('web'))
  api.refuses = ({ path }) => (path === '/api/v1/namespaces' ? 403 : undefined)
  controller = AgentHere.controller(
    ...['--kubeconfig', api.location().file, '--config', file, '--listen', `127.0.0.1:${port}`],
  )
})
afterAll(async () => {
  await api?.close()
  rmSync(folder, { recursive: true })
})

function configure(allocation: object): void {
  writeConfiguration(file, allocation)
}

async function asked(path: string): Promise<readonly [status: number, text: string]> {
  const { status, body } = await ask(port, path)
  return [status, body]
}

async function metrics(): Promise<string> {
  return (await asked('/metrics'))[1]
}

function addressesOf(name: string): readonly string[] {
  const ingress: readonly { ip: string }[] =
    api.get(`${services}/${name}`)?.status.loadBalancer.ingress ?? []
  return ingress.map(({ ip }) => ip)
}

function given(name: string, address: string): Promise<unknown> {
  return api.until(() => addressesOf(name).join() === address)
}

/** Resolves with the Event about the object. */
function event(reason: string, name: string, namespace = 'default'): Promise<Manifest> {
  const all = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
  return api.until(() =>
    api
      .get(all)
      .items.find((each: Manifest) => each.reason === reason && each.regarding.name === name),
  )
}

const statusWrites = (): readonly string[] =>
  api.writes.filter((each) => /services\/.*\/status$/.test(each))

test('a port that another process has is waited for, and all else goes on', async () => {
  await api.until(() => api.refused.includes(403))
  await taken.free()
  await eventually(async () => (await refusal(port)) === undefined)
})

test('a replica is ready once every kind has been listed, and writes nothing while another leads', async () => {
  expect(await asked('/livez')).toEqual([200, 'it runs\n'])
  expect(await asked('/readyz')).toEqual([503, 'not every kind of object has been listed yet\n'])
  expect(await metrics()).toContain('metallb_k8s_client_config_loaded_bool 0\n')
  api.refuses = () => undefined
  await eventually(async () => (await asked('/readyz'))[0] === 200)
  expect(await asked('/readyz')).toEqual([200, 'another replica allocates addresses\n'])
  await eventually(async () => (await metrics()).includes('nodelb_allocator_services_pending 0\n'))
  expect(await metrics()).toContain('nodelb_controller_leader 0\n')
  expect(api.writes).toEqual([])
})

test('a Lease that is given back is taken, and the Services that wait get addresses', async () => {
  api.call('PATCH', paths.lease, { spec: { holderIdentity: '' } })
  await given('web', '192.0.2.10')
  expect(api.get(paths.lease)?.spec).toMatchObject({
    leaseTransitions: 5,
    leaseDurationSeconds: 15,
  })
  const { metadata, status } = api.get(`${services}/web`)
  expect(metadata.annotations).toEqual({
    'metallb.io/ip-allocated-from-pool': 'lan',
    'nodelb.io/allocated': '192.0.2.10',
  })
  expect(status.conditions).toMatchObject([
    { type: 'nodelb.io/AddressAssigned', status: 'True', reason: 'PoolChosen' },
  ])
  expect((await event('IPAllocated', 'web')).regarding.uid).toBe(metadata.uid)
  const counters = { assignedIPv4: 1, availableIPv4: 9, assignedIPv6: 0, availableIPv6: 0 }
  await api.until(() => api.get(`${paths.pools}/lan`)?.status)
  expect(api.get(`${paths.pools}/lan`)?.status).toEqual(counters)
  await api.until(() => api.get(`${states}/controller`)?.status?.result === 'Valid')
  expect(await asked('/readyz')).toEqual([200, 'it allocates addresses\n'])
  const told = await metrics()
  expect(told).toContain('nodelb_controller_leader 1\n')
  expect(told).toContain('metallb_k8s_client_updates_total 1\n')
  expect(told).toContain('nodelb_pool_addresses_in_use{pool="lan",family="ipv4"} 1\n')
  expect(told).toContain('metallb_allocator_addresses_total{pool="lan"} 10\n')
})

test('a status that another program changes at the same time keeps its change, and gets the address', async () => {
  const path = `${services}/busy`
  let isChanged = false
  api.refuses = ({ method, path: asked }) => {
    if (method !== 'PATCH' || asked !== `${path}/status` || isChanged) return undefined
    isChanged = true
    api.call('PATCH', path, { metadata: { labels: { changed: 'meanwhile' } } })
    return undefined
  }
  api.call('POST', services, balanced('busy'))
  await given('busy', '192.0.2.11')
  expect(api.get(path)?.metadata.labels).toEqual({ changed: 'meanwhile' })
  expect(statusWrites()).toEqual([`PATCH ${services}/web/status`, `PATCH ${path}/status`])
})

test('what may not be written is counted as an error, and written once it may', async () => {
  api.refuses = ({ method, path }) =>
    method === 'PATCH' && path.endsWith('/status') ? 403 : undefined
  api.call('POST', services, balanced('refused'))
  await eventually(async () => /metallb_k8s_client_update_errors_total [1-9]/.test(await metrics()))
  expect(addressesOf('refused')).toEqual([])
  api.refuses = () => undefined
  await given('refused', '192.0.2.12')
  await api.until(() => api.get(`${paths.pools}/lan`)?.status.assignedIPv4 === 3)
})

test('two pools that overlap, and one that cannot be read, are told where pools are looked at', async () => {
  api.call('POST', paths.pools, pool('old', ['192.0.2.19-192.0.2.30']))
  api.call('POST', paths.pools, pool('odd', ['192.0.2.60-192.0.2.50']))
  expect((await event('PoolInvalid', 'old', 'kube-system')).note).toContain('overlaps')
  const odd = await event('PoolInvalid', 'odd', 'kube-system')
  expect(odd.note).toContain('spec.addresses[0]')
  expect(odd.regarding.uid).toBe(api.get(`${paths.pools}/odd`)?.metadata.uid)
  await api.until(() => api.get(`${states}/controller`)?.status.result === 'Invalid')
  const { errorSummary } = api.get(`${states}/controller`).status
  expect(errorSummary).toContain('overlaps with IPAddressPool lan')
  expect(errorSummary).toContain('IPAddressPool kube-system/odd')
  for (const name of ['old', 'odd']) api.call('DELETE', `${paths.pools}/${name}`)
  await api.until(() => api.get(`${states}/controller`)?.status.result === 'Valid')
  expect(api.get(`${states}/controller`).status).not.toHaveProperty('errorSummary')
})

test('a pool that gets full is told, and a Service that waits says why', async () => {
  const names = Array.from({ length: 8 }, (_, at) => `crowd-${at}`)
  for (const name of names) api.call('POST', services, balanced(name))
  const full = await event('PoolNearlyFull', 'lan', 'kube-system')
  expect(full).toMatchObject({ type: 'Warning', regarding: { kind: 'IPAddressPool' } })
  const failed = await api.until(() =>
    names.find((name) => api.get(`${services}/${name}`)?.status.conditions?.[0].status === 'False'),
  )
  expect((await event('AllocationFailed', failed)).note).toMatch(/^no address: /)
  await eventually(async () => (await metrics()).includes('nodelb_allocator_services_pending 1\n'))
  api.call('PATCH', `${services}/web`, { spec: { type: 'ClusterIP' } })
  await given(failed, '192.0.2.10')
  expect(addressesOf('web')).toEqual([])
  for (const name of [...names, 'refused']) api.call('DELETE', `${services}/${name}`)
  await api.until(() => api.get(`${paths.pools}/lan`)?.status.assignedIPv4 === 1)
})

test('a fight over a status ends after three rounds, and names the other program', async () => {
  api.call('PATCH', `${services}/web`, { spec: { type: 'LoadBalancer' } })
  await given('web', '192.0.2.10')
  const theirs = { status: { loadBalancer: { ingress: [{ ip: '198.51.100.99' }] } } }
  for (let round = 0; round < 3; round++) {
    await given('web', '192.0.2.10')
    api.call('PATCH', `${services}/web/status`, theirs, 'rival')
  }
  expect((await event('StatusContested', 'web')).note).toMatch(/^rival replaces the status/)
  api.call('POST', services, balanced('beside'))
  await given('beside', '192.0.2.10')
  expect(addressesOf('web')).toEqual(['198.51.100.99'])
  api.call('DELETE', `${services}/beside`)
  api.call('DELETE', `${services}/web`)
})

test('an API server that is gone, has lost its history or a watch moves no address', async () => {
  const before = statusWrites().length
  api.down()
  api.call('POST', services, balanced('later'))
  api.compact()
  api.up()
  await given('later', '192.0.2.10')
  api.endWatches()
  api.call('POST', services, balanced('last'))
  await given('last', '192.0.2.12')
  expect(addressesOf('busy')).toEqual(['192.0.2.11'])
  expect(statusWrites()).toHaveLength(before + 2)
})

test('a configuration that cannot be used leaves the former one in force', async () => {
  const classed = balanced('classed', { loadBalancerClass: 'example.com/lan' })
  api.call('POST', services, classed)
  replaceFile(file, 'no: [configuration')
  api.call('POST', services, balanced('after'))
  await given('after', '192.0.2.13')
  expect(addressesOf('classed')).toEqual([])
  configure({ loadBalancerClasses: ['example.com/lan'] })
  await given('classed', '192.0.2.14')
})

test('a Service gets an address of a Node in place of one of a pool once it asks for another one', async () => {
  const finalizers = ['service.kubernetes.io/load-balancer-cleanup']
  const service = balanced('of-node', { ports: [{ port: 8443 }] }) as Manifest
  api.call('POST', services, { ...service, metadata: { ...service.metadata, finalizers } })
  await given('of-node', '192.0.2.15')
  api.call('POST', '/api/v1/nodes', { metadata: { name: 'node-a' } })
  const addresses = [{ type: 'ExternalIP', address: '203.0.113.1' }]
  const conditions = [{ type: 'Ready', status: 'True' }]
  api.call('PATCH', '/api/v1/nodes/node-a/status', { status: { addresses, conditions } })
  api.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'of-node-1', labels: { 'kubernetes.io/service-name': 'of-node' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.1'], nodeName: 'node-a', targetRef: { kind: 'Pod' } }],
    ports: [],
  })
  configure({
    ...{ addresses: 'nodes', adoptFinalizers: true },
    loadBalancerClasses: ['example.com/lan'],
  })
  await api.until(() => api.get(`${services}/of-node`)?.metadata.finalizers === undefined)
  expect(addressesOf('of-node')).toEqual(['192.0.2.15'])
  const annotations = { 'nodelb.io/renew': '1' }
  api.call('PATCH', `${services}/of-node`, { metadata: { annotations } })

  await given('of-node', '203.0.113.1')
  expect(api.get(`${services}/of-node`).metadata.annotations).toEqual({
    ...annotations,
    'nodelb.io/renewed': '1',
    'nodelb.io/allocated': '203.0.113.1',
  })
  expect(addressesOf('busy')).toEqual(['192.0.2.11'])
  await event('UpdatedLoadBalancer', 'of-node')
})

test('a Lease that another replica has taken ends all writing', async () => {
  api.call('PATCH', paths.lease, { spec: { holderIdentity: 'other' } })
  await eventually(async () => (await asked('/readyz'))[1].startsWith('another replica'))
  const before = statusWrites()
  api.call('POST', services, balanced('too-late'))
  await eventually(async () => (await metrics()).includes('nodelb_allocator_services_pending 0\n'))
  expect(statusWrites()).toEqual(before)
})

test('a controller that is told to end gives the Lease back', async () => {
  api.call('PATCH', paths.lease, { spec: { holderIdentity: '' } })
  await api.until(() => api.get(paths.lease)?.spec.holderIdentity !== '')
  expect(await controller.end()).toBe(0)
  expect(api.get(paths.lease)?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
  expect(await refusal(port)).toBe('ECONNREFUSED')
})
