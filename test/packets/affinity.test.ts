import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { tried } from '../support/runs.ts'
import { type PartyName, type PodName, podAddresses } from '../support/topology.ts'

const node = new URL('../../fixtures/session-affinity-dual-stack/node.yaml', import.meta.url)

interface Family {
  readonly name: 'IPv4' | 'IPv6'
  readonly table: 'ip' | 'ip6'
  readonly clusterIp: string
  /** The ClusterIP of a Service without affinity. */
  readonly another: string
  readonly balancer: string
  readonly nodeAddress: string
}

const families: readonly Family[] = [
  {
    name: 'IPv4',
    table: 'ip',
    clusterIp: '10.96.75.1',
    another: '10.96.75.2',
    balancer: '203.0.113.80',
    nodeAddress: '192.0.2.1',
  },
  {
    name: 'IPv6',
    table: 'ip6',
    clusterIp: 'fd00:10:96::7501',
    another: 'fd00:10:96::7502',
    balancer: '2001:db8:100::80',
    nodeAddress: '2001:db8:1::1',
  },
]

let lab: Lab
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(`${tmpdir()}/nodelb-affinity-`)
  lab = await Lab.build()
})
afterEach(async () => {
  await lab.nodelb(['cleanup'])
  await lab.flushConnections()
})
afterAll(async () => {
  await lab?.remove()
  await rm(scratch, { recursive: true })
})

describe.each(tried(families))('a sticky Service in $name', (family) => {
  const at = (address: string, port: number): string =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const balancer = at(family.balancer, 80)

  test('keeps a client at its pod while others come and go', async () => {
    await applied(family, { pods: ['pod-a', 'pod-b', 'pod-c'] })
    const home = await answering(balancer)
    const [first, second] = others(home, ['pod-a', 'pod-b', 'pod-c'])
    for (const pods of [
      [home],
      [first, home, 'pod-d', 'pod-e'],
      [second, home],
      ['pod-e', first, home, second],
    ] as const) {
      await applied(family, { pods })
      expect(await answering(balancer)).toBe(home)
    }
    expect(await applied(family, { pods: ['pod-e', first, home, second] })).toContain(
      '0 operations',
    )
  })

  test('leads a client elsewhere when its pod leaves, and leaves it there', async () => {
    await applied(family, { pods: ['pod-a', 'pod-b'] })
    const gone = await answering(balancer)
    const [left] = others(gone, ['pod-a', 'pod-b'])
    await applied(family, { pods: [left] })
    expect(await answering(balancer)).toBe(left)
    // Another pod takes the place of the one that left; a client that moved meanwhile is not its
    // own.
    await applied(family, { pods: [left, 'pod-c'] })
    expect(await answering(balancer)).toBe(left)
    await applied(family, { pods: ['pod-c'] })
    expect(await answering(balancer)).toBe('pod-c')
  })

  test('starts the time anew with each connection', async () => {
    await applied(family, { pods: ['pod-a', 'pod-b', 'pod-c'], seconds: 1_200 })
    await answering(balancer)
    const passed = await until(
      async () => only(await remembered(family)),
      (left) => left < 1_198,
    )
    await answering(balancer)
    expect(only(await remembered(family))).toBeGreaterThan(passed)
  })

  test('forgets a client when its time is over', async () => {
    const pods = ['pod-a', 'pod-b', 'pod-c'] as const
    await applied(family, { pods, seconds: 1 })
    const first = (await lab.probe({ from: 'client', to: balancer, count: 1 })).map(podOf)
    // Pods are drawn by lot: sooner or later it is another one.
    for (let pod = first; pod[0] === first[0]; ) {
      await until(
        () => remembered(family),
        (clients) => clients.length === 0,
      )
      pod = (await lab.probe({ from: 'client', to: balancer, count: 1 })).map(podOf)
      expect(pods).toContain(pod[0])
    }
  })

  test('keeps clients of all its addresses at pods that listen on different ports', async () => {
    const pods = ['pod-a', 'pod-b', 'pod-c'] as const
    const addresses = [
      balancer,
      at(family.clusterIp, 80),
      at(family.nodeAddress, NODE_PORT),
    ] as const
    await applied(family, { pods, ports: [8080, 9090, 8080] })
    const homes = await Promise.all(addresses.map((to) => answering(to)))
    await applied(family, { pods: ['pod-d', ...pods], ports: [9090, 8080, 9090, 8080] })
    expect(await Promise.all(addresses.map((to) => answering(to)))).toEqual(homes)
    const portOf: Record<string, number> = { 'pod-a': 8080, 'pod-b': 9090, 'pod-c': 8080 }
    for (const { pod, port } of await connected(family)) expect(port).toBe(portOf[pod])
  })

  test('under policy Local keeps to local pods, and pods outside of that to all', async () => {
    await applied(family, { pods: ['pod-a', 'pod-b', 'pod-d'], policy: 'Local' })
    const home = await answering(balancer)
    expect(['pod-a', 'pod-b']).toContain(home)
    expect(['pod-a', 'pod-b', 'pod-d']).toContain(await answering(balancer, 'pod-c'))
    const [other] = others(home, ['pod-a', 'pod-b'])
    await applied(family, { pods: [other, 'pod-d'], policy: 'Local' })
    expect(await answering(balancer)).toBe(other)
    expect([other, 'pod-d']).toContain(await answering(balancer, 'pod-c'))
  })

  test('takes no room for clients of another Service, whose port has the number of its NodePort', async () => {
    const pods = ['pod-a', 'pod-b'] as const
    await applied(family, {
      pods,
      besides: [anotherService(family), ...slices('another', family, pods)],
    })
    const answers = await lab.probe({ from: 'client', to: at(family.another, NODE_PORT) })
    expect([...new Set(answers.map(podOf))].sort()).toEqual(pods)
    expect(await remembered(family)).toEqual([])
    await answering(at(family.nodeAddress, NODE_PORT))
    expect(await remembered(family)).toHaveLength(1)
  })

  test('leads no client away from this node that policy Local has here from now on', async () => {
    await applied(family, { pods: ['pod-d'] })
    expect(await answering(balancer)).toBe('pod-d')
    await applied(family, { pods: ['pod-d', 'pod-a'], policy: 'Local' })
    expect(await answering(balancer)).toBe('pod-a')
  })
})

interface Wanted {
  readonly pods: readonly PodName[]
  /** One for each pod; all 8080 unless told otherwise. */
  readonly ports?: readonly number[]
  readonly seconds?: number
  readonly policy?: 'Cluster' | 'Local'
  readonly besides?: readonly object[]
}

const NODE_PORT = 30_750

async function applied(family: Family, wanted: Wanted): Promise<string> {
  const { pods, ports, besides = [] } = wanted
  const items = [service(family, wanted), ...slices('web', family, pods, ports), ...besides]
  const file = `${scratch}/input.json`
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const { stdout, exitCode, stderr } = await lab.nodelb([
    ...['apply', '-f', file, node.pathname, '--node', 'node-a', '--scope', 'all'],
  ])
  expect(exitCode, stderr).toBe(0)
  return stdout
}

function service({ name, clusterIp, balancer }: Family, { seconds = 3_600, policy }: Wanted) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ipFamilies: [name],
      externalTrafficPolicy: policy ?? 'Cluster',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } },
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web', nodePort: NODE_PORT }],
    },
    status: { loadBalancer: { ingress: [{ ip: balancer }] } },
  }
}

function anotherService({ name, another }: Family) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'another' },
    spec: {
      clusterIP: another,
      clusterIPs: [another],
      ipFamilies: [name],
      ports: [{ name: 'http', protocol: 'TCP', port: NODE_PORT, targetPort: 'web' }],
    },
  }
}

/** A slice for each pod, since each may have a port of its own. */
function slices(
  of: string,
  { name }: Family,
  pods: readonly PodName[],
  ports: readonly number[] = [],
) {
  return pods.map((pod, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'shop',
      name: `${of}-${pod}`,
      labels: { 'kubernetes.io/service-name': of },
    },
    addressType: name,
    ports: [{ name: 'http', protocol: 'TCP', port: ports[index] ?? 8080 }],
    endpoints: [
      {
        addresses: [podAddresses[pod][name === 'IPv4' ? 0 : 1]],
        conditions: { ready: true },
        nodeName: pod === 'pod-d' || pod === 'pod-e' ? 'node-b' : 'node-a',
      },
    ],
  }))
}

type Answer = Awaited<ReturnType<Lab['probe']>>[number]

function podOf(answer: Answer): string {
  return answer.kind === 'answered' ? answer.pod : answer.kind
}

/** The one pod that answers this client, again and again. */
async function answering(to: string, from: PartyName = 'client'): Promise<PodName> {
  const answers = await lab.probe({ from, to, count: 10, concurrency: 1 })
  const pods = [...new Set(answers.map(podOf))]
  expect(pods).toHaveLength(1)
  return pods[0] as PodName
}

function others(pod: PodName, pods: readonly PodName[]): readonly [PodName, PodName] {
  const [first, second] = pods.filter((other) => other !== pod)
  return [first ?? pod, second ?? first ?? pod]
}

/** Pods with the ports that connections were led to, by the kernel's connection tracking. */
async function connected({ name }: Family): Promise<readonly { pod: PodName; port: number }[]> {
  const { stdout } = await lab.run('conntrack', ['-L', '-f', name.toLowerCase()])
  const found = (Object.keys(podAddresses) as PodName[]).flatMap((pod) => {
    const address = podAddresses[pod][name === 'IPv4' ? 0 : 1]
    const ports = stdout.matchAll(new RegExp(` src=${address} \\S+ sport=(\\d+)`, 'g'))
    return [...ports].map(([, port]) => ({ pod, port: Number(port) }))
  })
  expect(found.length).toBeGreaterThan(0)
  return found
}

/** Seconds that the clients the kernel remembers have left. */
async function remembered({ table }: Family): Promise<readonly number[]> {
  const { stdout } = await lab.run('nft', ['-j', 'list', 'table', table, 'nodelb'])
  const listed: { nftables: readonly { set?: ListedSet }[] } = JSON.parse(stdout)
  return listed.nftables
    .filter(({ set }) => set?.name.startsWith('affinity-'))
    .flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem }) => elem.expires)
}

interface ListedSet {
  readonly name: string
  readonly elem?: readonly { readonly elem: { readonly expires: number } }[]
}

function only(values: readonly number[]): number {
  expect(values).toHaveLength(1)
  return values[0] ?? 0
}

/** Asks again until the answer is as wished; the time limit of the test ends it otherwise. */
async function until<Value>(
  ask: () => Promise<Value>,
  wished: (value: Value) => boolean,
): Promise<Value> {
  for (;;) {
    const value = await ask()
    if (wished(value)) return value
  }
}
