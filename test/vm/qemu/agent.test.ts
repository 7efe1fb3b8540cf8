import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../../support/agent-lab.ts'
import type { Connection, HeldConnection } from '../../support/lab.ts'
import { countsConnections } from '../../support/metered.ts'
import type { RunningAgent } from '../../support/running-agent.ts'
import { type PodName, podAddresses } from '../../support/topology.ts'
import { WEB, webNode, webObjects, webService, webSlices } from '../../support/web.ts'

/** No slowness of the guest passes for a loss. */
const timeout = 120_000

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

function start(fields: object = {}): RunningAgent {
  const config = place.configure({ scope: 'all', backend: 'ipvs', ...fields })
  return place.start('--config', config)
}

function answers(to: string = WEB.loadBalancer[0]): Promise<readonly string[]> {
  return place.answers({ to, timeout })
}

async function servers(): Promise<string> {
  return (await place.lab.run('ipvsadm', ['-S', '-n'])).stdout
}

/** What ipvs leads where. */
async function connections(): Promise<string> {
  return (await place.lab.run('ipvsadm', ['-l', '-n', '-c'])).stdout
}

test('an agent follows objects, a second one finds nothing to do, and repairs what others undo', async () => {
  place.write(webObjects(['pod-a', 'pod-b', 'pod-d']))
  const agent = start()
  await agent.next('kernel-committed')
  for (const to of [...WEB.loadBalancer, ...WEB.cluster]) {
    expect(await answers(to)).toEqual(['pod-a', 'pod-b', 'pod-d'])
  }
  const whole = await servers()
  for (const pods of [['pod-b'], [], ['pod-a', 'pod-b', 'pod-d']] as const) {
    place.write(webObjects(pods))
    await agent.next('kernel-committed')
    expect(await answers()).toEqual(pods.length === 0 ? ['refused'] : [...pods])
  }
  expect(sorted(await servers())).toEqual(sorted(whole))
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(await answers()).toEqual(['pod-a', 'pod-b', 'pod-d'])

  const second = start({ comparePeriod: '1s' })
  expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
  await place.lab.run('ipvsadm', ['-C'])
  expect(await second.next('drift-repaired')).toMatchObject({ operations: 32 })
  expect(sorted(await servers())).toEqual(sorted(whole))
})

test('connections are counted by the virtual servers', async () => {
  await countsConnections(place, () => start({ metrics: { services: { enabled: true } } }))
})

test('an address that another Node has is left to it, until that has it no more', async () => {
  const address = '203.0.113.10'
  const other = {
    ...webNode,
    metadata: { name: 'node-b' },
    status: { addresses: [{ type: 'InternalIP', address }] },
  }
  place.write([...webObjects(['pod-a']), other])
  const agent = start()
  await agent.next('kernel-committed')
  expect(await servers()).toContain('10.96.0.10:80')
  expect(await servers()).not.toContain(address)
  place.write(webObjects(['pod-a']))
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  expect(await servers()).toContain(`-A -t ${address}:80`)
  expect(await answers()).toEqual(['pod-a'])
})

test('an endpoint that ends gets no new connections and finishes those that it has', async () => {
  place.write(webObjects(['pod-a']))
  const agent = start()
  await agent.next('kernel-committed')
  const held = await place.lab.hold({ from: 'client', to: WEB.loadBalancer[0] })
  expect(held.pod).toBe('pod-a')
  place.write([webNode, webService(), ...webSlices(['pod-b'], ['pod-a'])])
  await agent.next('kernel-committed')
  expect(await answers()).toEqual(['pod-b'])
  expect(await servers()).toContain('-r 10.244.1.10:8080 -m -w 0')
  expect(await held.release()).not.toHaveProperty('failure')
  place.write(webObjects(['pod-b']))
  await agent.next('kernel-committed')
  expect(await servers()).not.toContain('10.244.1.10')
})

test.each(WEB.loadBalancer)('no datagram to %s is lost when its endpoint goes', async (to) => {
  place.write(webObjects(['pod-a']))
  const agent = start()
  await agent.next('kernel-committed')
  expect(await place.askByUdp(to, 4711, timeout)).toBe('pod-a')
  place.write(webObjects(['pod-d']))
  await agent.next('kernel-committed')
  // The kernel itself ends what ipvs leads to a destination that is gone, a moment later.
  while ((await connections()).includes('4711'));
  expect(await place.askByUdp(to, 4711, timeout)).toBe('pod-d')
})

test('datagrams to an endpoint that left while no agent ran are refused', async () => {
  place.write(webObjects(['pod-a']))
  const first = start()
  await first.next('kernel-committed')
  expect(await place.askByUdp(WEB.loadBalancer[0], 4713, timeout)).toBe('pod-a')
  await first.end('SIGKILL')
  place.write(webObjects([]))
  const second = start()
  await second.next('kernel-committed')
  const udp = ['-L', '-p', 'udp', '--orig-port-src', '4713']
  while ((await place.lab.run('conntrack', udp)).stdout.includes('10.244.1.10'));
  expect(await place.askByUdp(WEB.loadBalancer[0], 4713, timeout)).toBe('refused')
})

/** For its sake the node tracks connections. */
const other = {
  ...webService({ type: 'ClusterIP', clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'] }),
  metadata: { namespace: 'default', name: 'other' },
  status: {},
}

test('datagrams that went past the node are led to a Service as soon as there is one', async () => {
  place.write([webNode, other])
  const agent = start()
  await agent.next('kernel-committed')
  expect(await place.askByUdp(WEB.loadBalancer[0], 4711, timeout)).toBe('outside')
  place.write(webObjects(['pod-a']))
  await agent.next('flows-deleted')
  expect(await place.askByUdp(WEB.loadBalancer[0], 4711, timeout)).toBe('pod-a')
  // Conntrack translates a flow from its first packet on or never.
  const { stdout } = await place.lab.run('conntrack', ['-L', '-p', 'udp'])
  expect(stdout).toMatch(/sport=4711 .* src=10\.244\.1\.10 dst=10\.244\.1\.1 /)
})

test('a client whose SYN came before the Service is served once there is one', async () => {
  place.write([webNode, other])
  const agent = start()
  await agent.next('kernel-committed')
  const early = await place.askEarly(WEB.loadBalancer[0], 4712, timeout)
  place.write(webObjects(['pod-a']))
  expect(await early.answer).toBe('pod-a')
})

const CHANGES = 200
const ROUTES: readonly Connection[] = [
  { from: 'client', to: WEB.loadBalancer[0], timeout },
  { from: 'client', to: WEB.loadBalancer[1], timeout },
  { from: 'node', to: WEB.cluster[0], timeout },
  { from: 'pod-a', to: WEB.cluster[1], timeout },
]

test(`${CHANGES} changes of scale lose no connection`, async () => {
  place.write(webObjects(LASTING))
  const agent = start({ minSyncPeriod: '0s' })
  await agent.next('kernel-committed')
  const held: HeldConnection[] = []
  for (const route of [...ROUTES, ...ROUTES]) held.push(await place.lab.hold(route))
  expect(held.map(({ pod }) => pod).sort()).toEqual([...LASTING, ...LASTING].flatMap(twice).sort())
  const streams = await Promise.all(
    ROUTES.map((route) => place.lab.pour({ ...route, concurrency: 1, pause: 50 })),
  )
  for (let change = 1; change <= CHANGES; change++) {
    await finished(podsIn(2, change).filter((pod) => podsIn(1, change - 1).includes(pod)))
    place.write(objectsAfter(change))
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  }
  const fates = await Promise.all(streams.map((stream) => stream.stop()))
  const failures = fates.map((fate) => Object.entries(fate).filter(([name]) => !/^pod-/.test(name)))
  expect(failures).toEqual(ROUTES.map(() => []))
  const ends = await Promise.all(held.map((each) => each.release()))
  expect(ends.filter(({ failure }) => failure !== undefined)).toEqual([])
}, 3_600_000)

const LASTING: readonly PodName[] = ['pod-a', 'pod-d']

function twice(pod: PodName): readonly PodName[] {
  return [pod, pod]
}

/** Two always serve. Of the others each serves, ends and is away, for three changes each. */
function objectsAfter(change: number): object[] {
  const serving = [...LASTING, ...podsIn(0, change)]
  return [webNode, webService(), ...webSlices(serving, podsIn(1, change))]
}

/** 0: serving; 1: ending; 2: away. */
function podsIn(phase: 0 | 1 | 2, change: number): readonly PodName[] {
  const others: readonly PodName[] = ['pod-b', 'pod-c', 'pod-e']
  return others.filter((_, pod) => Math.floor(((change + pod) % 9) / 3) === phase)
}

/** A pod that ends goes when it has no client to answer; ipvs would end what is open to it. */
async function finished(pods: readonly PodName[]): Promise<void> {
  const places = pods.flatMap((pod) => podAddresses[pod] ?? [])
  const isOpen = (row: string): boolean =>
    /SYN_RECV|ESTABLISHED/.test(row) && places.some((address) => row.includes(`${address}`))
  while ((await connections()).split('\n').some(isOpen));
}

function sorted(text: string): readonly string[] {
  return text.split('\n').sort()
}
