import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { answerers, type PartyName } from '../support/topology.ts'

/** `nodelb explain` of the kernel's rules, beside the packets that go by them. */

let lab: Lab
const folder = new URL('../../fixtures/session-affinity-cluster-ip/', import.meta.url).pathname
const sticky = '10.96.74.7:9090'

beforeAll(async () => {
  lab = await Lab.build()
})
afterAll(async () => lab?.remove())

interface Explained {
  readonly ways: readonly {
    readonly odds: number
    readonly outcome: {
      readonly kind: string
      readonly address?: string
      readonly source?: { readonly address: string }
    }
  }[]
  readonly doubts: readonly string[]
}

async function explained(from: string, to: string): Promise<Explained> {
  const { stdout, stderr, exitCode } = await lab.nodelb([
    ...['explain', '--from', from, '--to', to, '-o', 'json'],
  ])
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout) as Explained
}

/** Pod and source of each connection, once. */
async function answers(from: PartyName, to: string): Promise<readonly string[]> {
  const results = await lab.probe({ from, to, concurrency: 1, count: 20 })
  const told = results.map((result) =>
    result.kind === 'answered' ? `${result.pod} saw ${result.peer}` : result.kind,
  )
  return [...new Set(told)].sort()
}

function told({ ways }: Explained): readonly string[] {
  return ways
    .map(({ outcome: { kind, address, source } }) => {
      const all = Object.values(answerers).flat()
      const pod = all.find(({ addresses }) => addresses.some((each) => each === address))?.name
      return pod === undefined ? kind : `${pod} saw ${source?.address}`
    })
    .sort()
}

test('a client that the kernel remembers is said to go where it goes', async () => {
  const sources = ['-f', `${folder}input.yaml`, `${folder}node.yaml`]
  const config = ['--node', 'node-a', '--config', `${folder}config.yaml`]
  const applied = await lab.nodelb(['apply', ...sources, ...config])
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })

  const before = await explained('10.244.1.12', sticky)
  expect(before.ways.length).toBeGreaterThan(1)
  const went = await answers('pod-c', sticky)
  expect(went).toHaveLength(1)
  expect(told(before)).toContain(went[0])
  const after = await explained('10.244.1.12', sticky)
  expect(told(after)).toEqual(went)
  expect(after).toMatchObject({ ways: [{ odds: 1 }], doubts: [] })
  // Another client is not remembered.
  expect((await explained('192.0.2.3', sticky)).ways).toHaveLength(before.ways.length)
})

test('the routes of this machine say whom the pods see', async () => {
  await lab.flushConnections()
  const went = await answers('client', sticky)
  expect(told(await explained('192.0.2.2', sticky))).toEqual(went)
})

test('a pod on the network of the node itself sees clients as they are, whatever the policy', async () => {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'shop',
      name: 'agent-1',
      labels: { 'kubernetes.io/service-name': 'agent' },
    },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true }, nodeName: 'node-a' }],
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'agent' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.74.8',
      clusterIPs: ['10.96.74.8'],
      ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.74' }] } },
  }
  const objects = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [service, slice] })
  const args = ['apply', '-f', '-', `${folder}node.yaml`, '--node', 'node-a']
  const applied = await lab.nodelb(args, objects)
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
  await lab.flushConnections()
  for (const [party, from] of [
    ['client', '192.0.2.2'],
    ['pod-c', '10.244.1.12'],
    ['pod-d', '10.244.2.10'],
  ] as const) {
    const went = await answers(party, '203.0.113.74:80')
    expect(told(await explained(from, '203.0.113.74:80')), from).toEqual(went)
    expect(went).toEqual([`node saw ${from}`])
  }
  const own = await explained('192.0.2.1', '203.0.113.74:80')
  expect(await answers('node', '203.0.113.74:80')).toEqual([expect.stringMatching(/^node saw /)])
  expect(own.ways).toMatchObject([{ outcome: { kind: 'delivered', address: '192.0.2.1' } }])
})
