import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, type HeldConnection, Lab, type Stream } from '../support/lab.ts'
import { type PodName, parties, podAddresses } from '../support/topology.ts'

const changes = 200
const loadBalancer = ['203.0.113.10:80', '[2001:db8:100::10]:80'] as const
const cluster = ['10.96.0.10:80', '[fd00:10:96::10]:80'] as const

/** Who connects to what, all the time. */
const routes: readonly Connection[] = [
  { from: 'client', to: loadBalancer[0] },
  { from: 'client', to: loadBalancer[1] },
  { from: 'client-2', to: loadBalancer[0], protocol: 'udp' },
  { from: 'node', to: cluster[0] },
  { from: 'pod-a', to: cluster[1] },
]

let lab: Lab
beforeAll(async () => {
  lab = await Lab.build()
})
afterAll(() => lab.remove())

test(`${changes} endpoint changes disturb no connection to a healthy endpoint`, async () => {
  await apply(0)
  const held = await Promise.all(routes.filter(isTcp).flatMap((route) => holdSome(route)))
  const streams = await Promise.all(
    routes.map((route) => lab.pour({ ...route, concurrency: 2, pause: 10 })),
  )
  for (let change = 1; change <= changes; change++) {
    const summary = await apply(change)
    expect(summary, `change ${change}`).not.toMatch(/\b0 operations/)
  }
  expect(await Promise.all(streams.map(fate))).toEqual(
    routes.map(() => ({ enough: true, failures: {} })),
  )
  expect(await Promise.all(held.map(endurance))).toEqual(held.map(() => ({ enough: true })))
}, 300_000)

function isTcp({ protocol = 'tcp' }: Connection): boolean {
  return protocol === 'tcp'
}

/** Several, so that every endpoint has some: those that come and go stay healthy too. */
function holdSome(route: Connection): Promise<HeldConnection>[] {
  return Array.from({ length: 8 }, () => lab.hold(route))
}

async function fate(stream: Stream): Promise<{ enough: boolean; failures: object }> {
  const counts = Object.entries(await stream.stop())
  const answered = counts.filter(([name]) => name.startsWith('pod-'))
  const total = answered.reduce((sum, [, count]) => sum + count, 0)
  const failures = counts.filter(([name]) => !name.startsWith('pod-'))
  return { enough: total > changes, failures: Object.fromEntries(failures) }
}

async function endurance(connection: HeldConnection): Promise<object> {
  const { exchanges, ...failure } = await connection.release()
  return { enough: exchanges > changes, ...failure }
}

async function apply(change: number): Promise<string> {
  const objects = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objectsAfter(change) })
  const applied = await lab.nodelb(
    ['apply', '-f', '-', '--node', 'node-a', '--scope', 'all'],
    objects,
  )
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
  return applied.stdout
}

/** pod-a and pod-d always serve; the others come and go, alone and together. */
function podsAfter(change: number): PodName[] {
  const others = (['pod-b', 'pod-c', 'pod-e'] as const).filter((_, bit) => (change >> bit) & 1)
  return ['pod-a', 'pod-d', ...others]
}

function objectsAfter(change: number): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-a' },
      spec: { podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] },
      status: {
        addresses: ['192.0.2.1', '2001:db8:1::1'].map((address) => ({
          type: 'InternalIP',
          address,
        })),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10', 'fd00:10:96::10'],
        ipFamilies: ['IPv4', 'IPv6'],
        ports: ['TCP', 'UDP'].map((protocol) => ({
          name: protocol.toLowerCase(),
          protocol,
          port: 80,
          targetPort: 8080,
        })),
      },
      status: { loadBalancer: { ingress: ['203.0.113.10', '2001:db8:100::10'].map(ingress) } },
    },
    slice('IPv4', podsAfter(change)),
    slice('IPv6', podsAfter(change)),
  ]
}

function ingress(ip: string): object {
  return { ip, ipMode: 'VIP' }
}

function slice(addressType: 'IPv4' | 'IPv6', pods: readonly PodName[]): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'default',
      name: `web-${addressType.toLowerCase()}`,
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType,
    ports: ['TCP', 'UDP'].map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 8080,
    })),
    endpoints: pods.map((pod) => ({
      addresses: [podAddresses[pod][addressType === 'IPv4' ? 0 : 1]],
      conditions: { ready: true },
      nodeName: parties[pod].namespace === 'remote' ? 'node-b' : 'node-a',
    })),
  }
}
