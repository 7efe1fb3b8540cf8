import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LogLine } from '../support/running-agent.ts'
import { ApiServer } from './support/apiserver.ts'
import { balanced, installController, paths, pool } from './support/controllers.ts'
import { eventually } from './support/eventually.ts'
import { RunningController } from './support/running-controller.ts'
import { StatusChecker } from './support/status-checker.ts'

let server: ApiServer
let controllers: RunningController[]
let checker: StatusChecker
let kubeconfig: string
const services = paths.services('default')

beforeAll(async () => {
  server = await ApiServer.start()
  await installController(server)
  const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
  kubeconfig = server.kubeconfig({ token })
}, 600_000)

afterAll(() => server?.stop())

beforeEach(() => {
  controllers = []
  checker = new StatusChecker(server)
})

afterEach(async () => {
  await Promise.all(controllers.map((each) => each.end('SIGKILL')))
  await checker.end()
  for (const path of [services, paths.pools]) {
    const { items } = await server.admin.call('GET', path)
    for (const { metadata } of items) {
      if (metadata.name !== 'kubernetes') {
        await server.admin.call('DELETE', `${path}/${metadata.name}`)
      }
    }
  }
  await server.admin.ask('DELETE', paths.lease)
})

/** A replica with the rights of deploy/. */
function start(): RunningController {
  const controller = RunningController.start(kubeconfig, '--listen', '127.0.0.1:0')
  controllers.push(controller)
  return controller
}

function leads({ event }: LogLine): boolean {
  return event === 'leading'
}

function hasAddress(name: string, address: string): Promise<void> {
  return eventually(async () => checker.addressesOf(`default/${name}`).join() === address)
}

test('a Service gets the first address of a pool, with mark, condition and Event', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await start().until(leads)
  await server.admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  const { metadata, status } = await server.admin.call('GET', `${services}/web`)
  expect(metadata.annotations).toEqual({
    'metallb.io/ip-allocated-from-pool': 'lan',
    'nodelb.io/allocated': '192.0.2.10',
  })
  expect(status.conditions).toMatchObject([
    { type: 'nodelb.io/AddressAssigned', status: 'True', reason: 'PoolChosen' },
  ])
  const events = '/apis/events.k8s.io/v1/namespaces/default/events'
  await eventually(async () => {
    const { items } = await server.admin.call('GET', events)
    return items.some(
      (each: { reason: string; regarding: { name: string } }) =>
        each.reason === 'IPAllocated' && each.regarding.name === 'web',
    )
  })
  await eventually(async () => {
    const { status: counters } = await server.admin.call('GET', `${paths.pools}/lan`)
    return counters?.assignedIPv4 === 1 && counters.availableIPv4 === 10
  })
  expect(checker.breaches).toEqual([])
})

test('a Service that waits is told why, and gets its address when the pool grows', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.10/32']))
  await start().until(leads)
  await server.admin.call('POST', services, balanced('first'))
  await hasAddress('first', '192.0.2.10')
  await server.admin.call('POST', services, balanced('second'))
  await eventually(async () => {
    const { status } = await server.admin.call('GET', `${services}/second`)
    return status.conditions?.[0]?.status === 'False'
  })
  await server.admin.call('PATCH', `${paths.pools}/lan`, {
    spec: { addresses: ['192.0.2.10/31'] },
  })
  await hasAddress('second', '192.0.2.11')
  expect(checker.breaches).toEqual([])
})

test('statuses, marks and pools that MetalLB left are taken over without a write', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  const marked = { annotations: { 'metallb.universe.tf/ip-allocated-from-pool': 'lan' } }
  for (const [name, ip] of [
    ['a', '192.0.2.17'],
    ['b', '192.0.2.12'],
  ] as const) {
    await server.admin.call('POST', services, balanced(name, marked))
    await server.admin.call('PATCH', `${services}/${name}/status`, {
      status: { loadBalancer: { ingress: [{ ip }] } },
    })
  }
  const before = await server.admin.call('GET', services)
  await start().until(leads)
  // A Service that comes afterwards shows that the controller has looked at all of them.
  await server.admin.call('POST', services, balanced('new'))
  await hasAddress('new', '192.0.2.10')
  const after = await server.admin.call('GET', services)
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
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24']))
  const first = start()
  await first.until(leads)
  const second = start()
  await second.until(({ event }) => event === 'following')
  await server.admin.create(
    services,
    Array.from({ length: 20 }, (_, i) => balanced(`web-${i}`)),
  )
  await eventually(async () => checker.served().length === 20)
  const asked = performance.now()
  await first.end('SIGTERM')
  await second.until(leads)
  expect(performance.now() - asked).toBeLessThan(4_000)
  const third = start()
  await third.until(({ event }) => event === 'following')
  const killed = performance.now()
  await second.end('SIGKILL')
  await third.until(leads)
  expect(performance.now() - killed).toBeLessThan(20_000)
  await server.admin.call('POST', services, balanced('late'))
  await eventually(async () => checker.served().length === 21)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBe(21)
})

test('a pool that goes and comes back a second later moves no address', async () => {
  const lan = pool('lan', ['192.0.2.0/24'])
  await server.admin.call('POST', paths.pools, lan)
  const controller = start()
  await controller.until(leads)
  await server.admin.create(
    services,
    Array.from({ length: 5 }, (_, i) => balanced(`web-${i}`)),
  )
  await eventually(async () => checker.served().length === 5)
  await server.admin.call('DELETE', `${paths.pools}/lan`)
  await controller.until(({ event }) => event === 'allocation-problem')
  await server.admin.call('POST', paths.pools, lan)
  await server.admin.call('POST', services, balanced('late'))
  await eventually(async () => checker.served().length === 6)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBe(6)
})

test('without an API server nothing changes, and with it all goes on', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24']))
  const controller = start()
  await controller.until(leads)
  await server.admin.call('POST', services, balanced('before'))
  await eventually(async () => checker.served().length === 1)
  await server.kill()
  await controller.until(({ event }) => event === 'lease-failed')
  await server.resume()
  await server.admin.call('POST', services, balanced('after'))
  await eventually(async () => checker.served().length === 2, 90_000)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBe(2)
})

test('a fight over a status ends, and is told once', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  const controller = start()
  await controller.until(leads)
  await server.admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.99' }] } }
  for (let round = 0; round < 3; round++) {
    await server.admin.call('PATCH', `${services}/web/status`, { status })
    // What the checker hears may be from before this write, so the server itself is asked.
    const corrected = async (): Promise<boolean> => {
      const { status: now } = await server.admin.call('GET', `${services}/web`)
      return now.loadBalancer.ingress?.[0]?.ip === '192.0.2.10'
    }
    if (round < 2) await eventually(corrected)
  }
  await controller.until(({ event }) => event === 'status-contested')
  // Another Service shows that the controller goes on, and leaves the contested status alone.
  await server.admin.call('POST', services, balanced('other'))
  await eventually(async () => checker.addressesOf('default/other').length === 1)
  const { status: left } = await server.admin.call('GET', `${services}/web`)
  expect(left.loadBalancer).toEqual(status.loadBalancer)
  const told = controller.lines.filter(({ event }) => event === 'status-contested')
  expect(told).toHaveLength(1)
})

test('a Service that is no LoadBalancer any more gives its address back', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.10/32']))
  await start().until(leads)
  await server.admin.call('POST', services, balanced('web'))
  await hasAddress('web', '192.0.2.10')
  await server.admin.call('PATCH', `${services}/web`, {
    spec: { type: 'ClusterIP', ports: [{ port: 80, nodePort: null, protocol: 'TCP' }] },
  })
  await hasAddress('web', '')
  await server.admin.call('POST', services, balanced('next'))
  await hasAddress('next', '192.0.2.10')
})

test('50 restarts under churn: no address is given twice, and none moves', async () => {
  await server.admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24', '198.51.100.0/24']))
  const stop = new AbortController()
  const churn = churnServices(stop.signal)
  for (let round = 0; round < 50; round++) {
    const controller = start()
    await Promise.race([controller.until(leads), pause(2_500)])
    await pause(random(600))
    await controller.end(round % 3 === 0 ? 'SIGTERM' : 'SIGKILL')
    // A Lease that a killed replica left would hold up each of these rounds for 15 s.
    await server.admin.ask('DELETE', paths.lease)
  }
  stop.abort()
  await churn
  await start().until(leads)
  await eventually(async () => {
    const { items } = await server.admin.call('GET', services)
    const names = items
      .filter(({ spec }: { spec: { type: string } }) => spec.type === 'LoadBalancer')
      .map(({ metadata }: { metadata: { name: string } }) => `default/${metadata.name}`)
    return names.every((name: string) => checker.addressesOf(name).length > 0)
  }, 60_000)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBeGreaterThan(300)
})

/** Creates and deletes Services, up to 500 at a time, until the signal aborts. */
async function churnServices(signal: AbortSignal): Promise<void> {
  const alive: string[] = []
  for (let number = 0; !signal.aborted; number++) {
    const name = `churn-${number}`
    await server.admin.call('POST', services, balanced(name))
    alive.push(name)
    const victim = alive.length > 400 || random(3) === 0 ? random(alive.length) : undefined
    if (victim === undefined) continue
    const [gone] = alive.splice(victim, 1)
    await server.admin.call('DELETE', `${services}/${gone}`)
  }
}

function random(below: number): number {
  return Math.floor(Math.random() * below)
}
