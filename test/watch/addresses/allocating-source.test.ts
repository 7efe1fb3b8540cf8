import { afterEach, expect, test } from 'vitest'
import { report } from '../../../src/decode/problem.ts'
import { defaultAllocationSettings } from '../../../src/model/allocation-settings.ts'
import { type Disk, Giving, node, pool, service } from './giving.ts'

const running: Giving[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()))
})

function giving(disk?: Disk): Giving {
  const made = new Giving(disk)
  running.push(made)
  return made
}

/** The next process, with the same folder and what had reached the disk. */
async function restarted(before: Giving): Promise<Giving> {
  await before.stop()
  const next = giving(before.disk.found())
  next.settings = before.settings
  for (const resource of ['ipaddresspools', 'services', 'nodes'] as const) {
    for (const object of before.objects(resource)) next.put(resource, object)
  }
  return next
}

/** Resolves when all rounds that are due are over: they wait for nothing but each other. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const old = { creationTimestamp: '2026-01-01T00:00:00Z' }
const OFF_BY_A_LINE = (() => {
  const problems = report('broken.yaml')
  problems.error('', 'x', 'YAML')
  return problems.problems
})()

test('without pools all is passed on as it stands, at once', async () => {
  const it = giving()
  it.put('services', service('web', { ingress: ['203.0.113.7'] }))
  it.start()
  await it.settled()
  const before = it.events.length
  it.put('services', service('api'))
  it.put('services', service('web', { ingress: [] }))
  expect(it.events.length).toBe(before + 2)
  expect(it.passed()).toEqual({ 'shop/api': [], 'shop/web': [] })
  expect(it.disk.saves).toBe(0)
  expect(it.told).toEqual([])
})

test('nothing is passed on as listed before its Services have their addresses', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', service('web'))
  it.put('services', service('db', { spec: { type: 'ClusterIP' } }))
  it.start()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/db': [], 'shop/web': ['192.0.2.1'] })
  const kinds = it.events.filter(({ resource }) => resource === 'services').map(({ kind }) => kind)
  expect(kinds).toEqual(['object', 'object', 'listed'])
  expect(it.events.some(({ resource }) => resource === 'ipaddresspools')).toBe(false)
  expect(it.told).toEqual([
    {
      event: 'addresses-changed',
      service: 'shop/web',
      before: [],
      addresses: ['192.0.2.1'],
      reason: 'IPAddressPool p gives it',
    },
  ])
})

test('an address is passed on once it is saved', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.start()
  await it.settled()
  let end = (): void => undefined
  const asked = new Promise<void>((started) => {
    it.disk.delay = () => {
      started()
      return new Promise((resolve) => {
        end = resolve
      })
    }
  })
  it.put('services', service('web'))
  await asked
  // What comes meanwhile is not held up.
  it.put('endpointslices', { metadata: { namespace: 'shop', name: 'web-1' } })
  expect(it.events.at(-1)).toMatchObject({ kind: 'object', resource: 'endpointslices' })
  expect(it.passed()).toEqual({})
  end()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
})

test('a restart keeps the address, although an older Service came meanwhile', async () => {
  const first = giving()
  first.put('ipaddresspools', pool('192.0.2.1-192.0.2.2'))
  first.put('services', service('web'))
  first.start()
  await first.settled()
  const second = await restarted(first)
  second.put('services', service('older', { metadata: old }))
  second.start()
  await second.settled()
  expect(second.passed()).toEqual({ 'shop/older': ['192.0.2.2'], 'shop/web': ['192.0.2.1'] })
})

test('a crash between giving and saving gives nothing twice', async () => {
  const first = giving()
  first.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  first.put('services', service('web'))
  first.start()
  await first.settled()
  let end = (): void => undefined
  const asked = new Promise<void>((started) => {
    first.disk.delay = () => {
      started()
      return new Promise((resolve) => {
        end = resolve
      })
    }
  })
  first.put('services', service('lost'))
  await asked
  expect(first.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
  const second = giving(first.disk.found())
  for (const each of first.objects('ipaddresspools')) second.put('ipaddresspools', each)
  second.put('services', service('older', { metadata: old }))
  for (const each of first.objects('services')) second.put('services', each)
  second.start()
  await second.settled()
  expect(second.passed()).toEqual({
    'shop/lost': ['192.0.2.3'],
    'shop/older': ['192.0.2.2'],
    'shop/web': ['192.0.2.1'],
  })
  end()
})

test('a folder that is empty for a moment gives everything back', async () => {
  const it = giving()
  const names = ['a', 'b', 'c']
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  for (const name of names) it.put('services', service(name))
  it.start()
  await it.settled()
  const before = it.passed()
  for (const name of names) it.drop('services', name)
  it.drop('ipaddresspools', 'p', 'metallb-system')
  await it.settled()
  expect(it.passed()).toEqual({})
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  for (const name of names.toReversed()) {
    it.put('services', service(name))
    await it.settled()
  }
  expect(it.passed()).toEqual(before)
})

test('the address of a Service that is gone goes to another one if there is no other', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1/32'))
  it.put('services', service('web', { metadata: old }))
  it.start()
  await it.settled()
  it.drop('services', 'web')
  it.put('services', service('new'))
  await it.settled()
  it.put('services', service('web', { metadata: old }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/new': ['192.0.2.1'], 'shop/web': [] })
  expect(it.told.at(-1)).toEqual({
    event: 'allocation-problem',
    object: 'Service/shop/web',
    problems: [expect.stringContaining('p')],
  })
})

test('a Service that cannot be read after a restart keeps its address from others', async () => {
  const first = giving()
  first.put('ipaddresspools', pool('192.0.2.1-192.0.2.2'))
  first.put('services', service('web'))
  first.start()
  await first.settled()
  const second = await restarted(first)
  const broken = service('web', { spec: { loadBalancerClass: 7 } })
  second.put('services', broken)
  second.put('services', service('older', { metadata: old }))
  second.start()
  await second.settled()
  expect(second.passed()).toEqual({ 'shop/older': ['192.0.2.2'], 'shop/web': ['192.0.2.1'] })
  second.put('services', service('web'))
  await second.settled()
  expect(second.passed()).toEqual({ 'shop/older': ['192.0.2.2'], 'shop/web': ['192.0.2.1'] })
})

test('the status of a manifest counts as held until it is given, and again when it is edited', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', service('web', { ingress: ['192.0.2.5'] }))
  it.start()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.5'] })
  const renewed = { annotations: { 'nodelb.io/renew': '1' } }
  it.put('services', service('web', { metadata: renewed, ingress: ['192.0.2.5'] }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
  it.put('services', service('web', { metadata: renewed }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
  it.put('services', service('web', { metadata: renewed, ingress: ['192.0.2.7'] }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.7'] })
})

test('renewal is done once for each value, over restarts, too', async () => {
  const first = giving()
  const metadata = { annotations: { 'nodelb.io/renew': '1', 'metallb.io/address-pool': 'p' } }
  first.put('ipaddresspools', pool('192.0.2.5-192.0.2.9'))
  first.put('services', service('web', { metadata }))
  first.start()
  await first.settled()
  first.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  await first.settled()
  const second = await restarted(first)
  second.start()
  await second.settled()
  expect(second.passed()).toEqual({ 'shop/web': ['192.0.2.5'] })
})

test('other entries of a status stay where its addresses are right', async () => {
  const it = giving()
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.5', ipMode: 'Proxy' }] } }
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', { ...service('web'), status })
  it.start()
  await it.settled()
  const passed = it.events.find(
    ({ kind, resource }) => kind === 'object' && resource === 'services',
  )
  expect(passed).toMatchObject({ object: { status } })
})

test('pools that go leave the addresses that they gave', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', service('web'))
  it.start()
  await it.settled()
  it.drop('ipaddresspools', 'p', 'metallb-system')
  it.put('services', service('new', { ingress: ['203.0.113.7'] }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/new': ['203.0.113.7'], 'shop/web': ['192.0.2.1'] })
  expect(it.told.at(-1)).toMatchObject({
    event: 'allocation-problem',
    object: 'Service/shop/web',
    problems: [expect.stringContaining('no longer')],
  })
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  await it.settled()
  expect(it.told).toContainEqual({ event: 'allocation-in-order', object: 'Service/shop/web' })
})

test('a Service that is no longer of type LoadBalancer loses its address', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1/32'))
  it.put('services', service('web'))
  it.put('services', service('api'))
  it.start()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/api': ['192.0.2.1'], 'shop/web': [] })
  it.put('services', service('api', { spec: { type: 'ClusterIP' } }))
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/api': [], 'shop/web': ['192.0.2.1'] })
})

test('an address that is taken out of the status of a manifest is told once', async () => {
  const it = giving()
  const metadata = { annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } }
  const ingress = ['192.0.2.1']
  it.put('ipaddresspools', pool('192.0.2.1/32'))
  it.put('services', service('a', { metadata: { ...metadata, ...old }, ingress }))
  it.put('services', service('b', { metadata, ingress }))
  it.put('services', service('c', { metadata, ingress, spec: { type: 'ClusterIP' } }))
  it.start()
  await it.settled()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/a': ['192.0.2.1'], 'shop/b': [], 'shop/c': [] })
  const changes = it.told.filter(({ event }) => event === 'addresses-changed')
  expect(changes).toMatchObject([
    { service: 'shop/b', before: ['192.0.2.1'], addresses: [] },
    { service: 'shop/c', before: ['192.0.2.1'], addresses: [] },
  ])
})

test('nothing new is given until everything could be read once', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', service('web'))
  it.put('services', service('api', { ingress: ['203.0.113.7'] }))
  it.start(OFF_BY_A_LINE)
  while (!it.events.some(({ kind, resource }) => kind === 'listed' && resource === 'services')) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(it.passed()).toEqual({ 'shop/api': ['203.0.113.7'], 'shop/web': [] })
  expect(it.told).toMatchObject([{ event: 'allocation-problem', object: 'Addresses' }])
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/api': ['192.0.2.1'], 'shop/web': ['192.0.2.2'] })
  it.problems(OFF_BY_A_LINE)
  it.put('services', service('new'))
  await it.settled()
  expect(it.passed()).toMatchObject({ 'shop/new': ['192.0.2.3'] })
})

test('addresses of Nodes are given where the configuration says so, and not before', async () => {
  const it = giving()
  it.put('nodes', node('node-a', '192.0.2.1'))
  it.put('services', service('web'))
  it.start()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': [] })
  it.settings = { ...defaultAllocationSettings, addresses: 'nodes' }
  it.again()
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
  it.drop('nodes', 'node-a')
  await it.settled()
  expect(it.passed()).toEqual({ 'shop/web': ['192.0.2.1'] })
  it.put('services', service('new'))
  await it.settled()
  expect(it.told.at(-1)).toMatchObject({ object: 'Service/shop/new' })
})

test('what does not matter to addresses causes no decision', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9'))
  it.put('services', service('web'))
  it.start()
  await it.settled()
  await quiet()
  const before = it.rounds
  const slice = { metadata: { namespace: 'shop', name: 'web-1' }, addressType: 'IPv4' }
  it.put('endpointslices', slice)
  it.put('services', service('web', { spec: { sessionAffinity: 'ClientIP' } }))
  it.put('services', service('db', { spec: { type: 'ClusterIP' } }))
  it.put('services', service('db', { spec: { type: 'ClusterIP', ports: [{ port: 81 }] } }))
  await quiet()
  // A new Service is news once, whatever its type.
  expect(it.rounds).toBe(before + 1)
  expect(it.passed()).toMatchObject({ 'shop/web': ['192.0.2.1'] })
})

test('what is wrong with objects is told once, and not what the node tells anyway', async () => {
  const it = giving()
  it.put('ipaddresspools', pool('192.0.2.1-192.0.2.9', 'all of them'))
  const metadata = { annotations: { 'metallb.io/loadBalancerIPs': 'any' } }
  const spec = { externalIPs: ['none'] }
  it.put('services', service('web', { metadata, spec }))
  it.start()
  await it.settled()
  const problems = it.told.filter(({ event }) => event === 'allocation-problem')
  expect(problems).toEqual([
    {
      event: 'allocation-problem',
      object: 'IPAddressPool/p',
      problems: [expect.stringMatching(/^x\.yaml: spec\.addresses\[1\]: found/)],
    },
    {
      event: 'allocation-problem',
      object: 'Service/shop/web',
      problems: [
        expect.stringContaining('metallb.io/loadBalancerIPs'),
        expect.stringContaining('any'),
      ],
    },
  ])
  it.put('services', service('web', { metadata, spec: { ...spec, sessionAffinity: 'ClientIP' } }))
  await it.settled()
  expect(it.told.filter(({ event }) => event === 'allocation-problem')).toEqual(problems)
  expect(JSON.stringify(problems)).not.toContain('externalIPs')
})
