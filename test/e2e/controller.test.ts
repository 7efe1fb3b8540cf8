import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { Api } from './support/api.ts'
import { churn } from './support/churn.ts'
import { ControllerTests, writes } from './support/controller-tests.ts'
import { balanced, paths, pool } from './support/controllers.ts'

let tests: ControllerTests
let admin: Api
const services = paths.services('default')

beforeAll(async () => {
  tests = await ControllerTests.begin()
  admin = tests.server.admin
}, 600_000)

afterEach(() => tests.clear())
afterAll(() => tests?.end())

function hasAddress(name: string, address: string): Promise<void> {
  return tests.checker.until(() => tests.checker.addressesOf(`default/${name}`).join() === address)
}

function areServed(count: number): Promise<void> {
  return tests.checker.until(() => tests.checker.served().length === count)
}

test('a Service gets the first address of a pool, with mark, condition and Event', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await tests.start().first('leading')
  await admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  const { metadata, status } = await admin.call('GET', `${services}/web`)
  expect(metadata.annotations).toEqual({
    'metallb.io/ip-allocated-from-pool': 'lan',
    'nodelb.io/allocated': '192.0.2.10',
  })
  expect(status.conditions).toMatchObject([
    { type: 'nodelb.io/AddressAssigned', status: 'True', reason: 'PoolChosen' },
  ])
  const events = '/apis/events.k8s.io/v1/namespaces/default/events'
  await eventually(async () => {
    const { items } = await admin.call('GET', events)
    return items.some(
      (each: { reason: string; regarding: { name: string } }) =>
        each.reason === 'IPAllocated' && each.regarding.name === 'web',
    )
  })
  await eventually(async () => {
    const { status: counters } = await admin.call('GET', `${paths.pools}/lan`)
    return counters?.assignedIPv4 === 1 && counters.availableIPv4 === 10
  })
  expect(tests.checker.breaches).toEqual([])
})

test('a Service that waits is told why, and gets its address when the pool grows', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10/32']))
  await tests.start().first('leading')
  await admin.call('POST', services, balanced('first'))
  await hasAddress('first', '192.0.2.10')
  await admin.call('POST', services, balanced('second'))
  await eventually(async () => {
    const { status } = await admin.call('GET', `${services}/second`)
    return status.conditions?.[0]?.status === 'False'
  })
  const events = '/apis/events.k8s.io/v1/namespaces/kube-system/events'
  await eventually(async () => {
    const { items } = await admin.call('GET', events)
    return items.some(
      (each: { reason: string; regarding: { kind: string; name: string } }) =>
        each.reason === 'PoolNearlyFull' &&
        each.regarding.kind === 'IPAddressPool' &&
        each.regarding.name === 'lan',
    )
  })
  await admin.call('PATCH', `${paths.pools}/lan`, {
    spec: { addresses: ['192.0.2.10/31'] },
  })
  await hasAddress('second', '192.0.2.11')
  expect(tests.checker.breaches).toEqual([])
})

test('a pool that overlaps and one that cannot be read whole are told by an Event on each', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await tests.start().first('leading')
  await admin.call('POST', paths.pools, pool('odd', ['192.0.2.40-192.0.2.30', '192.0.2.50/32']))
  await admin.call('POST', paths.pools, pool('overlapping', ['192.0.2.20-192.0.2.25']))
  const { metadata } = await admin.call('GET', `${paths.pools}/odd`)
  interface Said {
    readonly reason: string
    readonly regarding: { readonly name: string; readonly uid: string }
    readonly note: string
  }
  let said: readonly Said[] = []
  const about = (name: string): readonly Said[] =>
    said.filter(({ reason, regarding }) => reason === 'PoolInvalid' && regarding.name === name)
  await eventually(async () => {
    const { items } = await admin.call(
      'GET',
      '/apis/events.k8s.io/v1/namespaces/kube-system/events',
    )
    said = items
    return about('odd').length > 0 && about('overlapping').length > 0
  })
  expect(about('odd')).toMatchObject([
    { regarding: { uid: metadata.uid }, note: expect.stringContaining('spec.addresses[0]') },
  ])
  expect(about('overlapping')).toMatchObject([
    { note: expect.stringContaining('overlaps with IPAddressPool lan') },
  ])
  expect(about('lan')).toEqual([])
})

test('pools that overlap are told in the ConfigurationState until that is settled', async () => {
  const state = '/apis/metallb.io/v1beta1/namespaces/kube-system/configurationstates/controller'
  const resultIs = (result: string): Promise<void> =>
    eventually(async () => {
      const { status, body } = await admin.ask('GET', state)
      return status === 200 && body.status?.result === result
    })
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await admin.call('POST', paths.pools, pool('old', ['192.0.2.20-192.0.2.30']))
  await tests.start().first('leading')
  await resultIs('Invalid')
  const { metadata, status: wrong } = await admin.call('GET', state)
  expect(metadata.labels).toEqual({ 'metallb.io/component-type': 'controller' })
  expect(wrong.errorSummary).toContain('overlaps with IPAddressPool lan')
  expect(wrong.conditions).toMatchObject([{ status: 'False', message: wrong.errorSummary }])
  await admin.call('DELETE', `${paths.pools}/old`)
  await resultIs('Valid')
  const { status: right } = await admin.call('GET', state)
  expect(right).not.toHaveProperty('errorSummary')
  expect(right.conditions).toMatchObject([{ type: 'poolReconcilerValid', status: 'True' }])
})

test('without an IPAddressPool the ConfigMap of an old MetalLB counts', async () => {
  const config =
    'address-pools: [{name: old, protocol: layer2, addresses: [192.0.2.30-192.0.2.39]}]'
  await admin.call('POST', paths.configMaps, { metadata: { name: 'config' }, data: { config } })
  await tests.start().first('leading')
  await admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.30')
  // An IPAddressPool takes its place; the address that is in use stays.
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await admin.call('POST', services, balanced('new'))
  await hasAddress('new', '192.0.2.10')
  await hasAddress('web', '192.0.2.30')
  await admin.call('DELETE', `${paths.configMaps}/config`)
  expect(tests.checker.breaches).toEqual([])
})

test('statuses, marks and pools that MetalLB left are taken over without a write', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  const marked = { annotations: { 'metallb.universe.tf/ip-allocated-from-pool': 'lan' } }
  for (const [name, ip] of [
    ['a', '192.0.2.17'],
    ['b', '192.0.2.12'],
  ] as const) {
    await admin.call('POST', services, balanced(name, marked))
    await admin.call('PATCH', `${services}/${name}/status`, {
      status: { loadBalancer: { ingress: [{ ip }] } },
    })
  }
  const before = await admin.call('GET', services)
  await tests.start().first('leading')
  // A Service that comes afterwards shows that the controller has looked at all of them.
  await admin.call('POST', services, balanced('new'))
  await hasAddress('new', '192.0.2.10')
  const after = await admin.call('GET', services)
  const versions = ({
    items,
  }: {
    items: { metadata: { name: string; resourceVersion: string } }[]
  }) =>
    items
      .filter(({ metadata }) => metadata.name !== 'new')
      .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)
  expect(versions(after)).toEqual(versions(before))
})

test('a leader that is told to end hands over within 2 s, one that is killed within 20 s', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24']))
  const first = tests.start()
  await first.first('leading')
  const second = tests.start()
  await second.first('following')
  await admin.create(
    services,
    Array.from({ length: 20 }, (_, i) => balanced(`web-${i}`)),
  )
  await areServed(20)
  const asked = performance.now()
  await first.end('SIGTERM')
  await second.first('leading')
  expect(performance.now() - asked).toBeLessThan(4_000)
  const third = tests.start()
  await third.first('following')
  const killed = performance.now()
  await second.end('SIGKILL')
  await third.first('leading')
  expect(performance.now() - killed).toBeLessThan(20_000)
  await admin.call('POST', services, balanced('late'))
  await areServed(21)
  expect(tests.checker.breaches).toEqual([])
  expect(tests.checker.changes).toBe(21)
})

test('a pool that goes and comes back a second later moves no address', async () => {
  const lan = pool('lan', ['192.0.2.0/24'])
  await admin.call('POST', paths.pools, lan)
  const controller = tests.start()
  await controller.first('leading')
  await admin.create(
    services,
    Array.from({ length: 5 }, (_, i) => balanced(`web-${i}`)),
  )
  await areServed(5)
  await admin.call('DELETE', `${paths.pools}/lan`)
  await controller.first('allocation-problem')
  await admin.call('POST', paths.pools, lan)
  await admin.call('POST', services, balanced('late'))
  await areServed(6)
  expect(tests.checker.breaches).toEqual([])
  expect(tests.checker.changes).toBe(6)
})

test('without an API server nothing changes, and with it all goes on', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24']))
  const controller = tests.start()
  await controller.first('leading')
  await admin.call('POST', services, balanced('before'))
  await areServed(1)
  await tests.server.kill()
  await controller.first('lease-failed')
  await tests.server.resume()
  await admin.call('POST', services, balanced('after'))
  await areServed(2)
  expect(tests.checker.breaches).toEqual([])
  expect(tests.checker.changes).toBe(2)
})

test('a fight over a status ends, and is told once', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  const controller = tests.start()
  await controller.first('leading')
  await admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.99' }] } }
  for (let round = 0; round < 3; round++) {
    await admin.call('PATCH', `${services}/web/status`, { status })
    // What the checker hears may be from before this write, so the server itself is asked.
    const corrected = async (): Promise<boolean> => {
      const { status: now } = await admin.call('GET', `${services}/web`)
      return now.loadBalancer.ingress?.[0]?.ip === '192.0.2.10'
    }
    if (round < 2) await eventually(corrected)
  }
  await controller.first('status-contested')
  // Another Service shows that the controller goes on, and leaves the contested status alone.
  await admin.call('POST', services, balanced('other'))
  await tests.checker.until(() => tests.checker.addressesOf('default/other').length === 1)
  const { status: left } = await admin.call('GET', `${services}/web`)
  expect(left.loadBalancer).toEqual(status.loadBalancer)
  const told = controller.lines.filter(({ event }) => event === 'status-contested')
  expect(told).toHaveLength(1)
})

test('a Service that is no LoadBalancer any more gives its address back', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10/32']))
  await tests.start().first('leading')
  await admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  await admin.call('PATCH', `${services}/web`, {
    spec: { type: 'ClusterIP', ports: [{ port: 80, nodePort: null, protocol: 'TCP' }] },
  })
  await hasAddress('web', '')
  await admin.call('POST', services, balanced('next'))
  await hasAddress('next', '192.0.2.10')
})

test('20 restarts under churn: no address is given twice, and none moves', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24', '198.51.100.0/24']))
  const stop = new AbortController()
  const churning = churn({ admin, first: 0, most: 400, hands: 1, deeds: [] }, stop.signal)
  for (let round = 0; round < 20; round++) {
    const controller = tests.start()
    await writes(controller, Math.random() * 20)
    await controller.end(round % 3 === 0 ? 'SIGTERM' : 'SIGKILL')
    // A Lease that a killed replica left would hold up each of these rounds for 15 s.
    await admin.ask('DELETE', paths.lease)
  }
  stop.abort()
  await churning
  await tests.start().first('leading')
  const { items } = await admin.call('GET', services)
  const names: readonly string[] = items
    .filter(({ spec }: { spec: { type: string } }) => spec.type === 'LoadBalancer')
    .map(({ metadata }: { metadata: { name: string } }) => `default/${metadata.name}`)
  const { checker } = tests
  await checker.until(() => names.every((name) => checker.addressesOf(name).length > 0))
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBeGreaterThan(50)
})
