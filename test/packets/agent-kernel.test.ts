import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { propose } from '../../src/dataplane/nftables/program.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { bytesOf, spoil } from '../kernel/session-setup.ts'
import { AgentInProcess } from '../support/agent-in-process.ts'
import type { PodName } from '../support/topology.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

let agent: AgentInProcess

beforeAll(() => enterNewNetwork())

beforeEach(async () => {
  await nft('flush', 'ruleset')
  agent = new AgentInProcess()
  agent.put('nodes', webNode)
  agent.put('services', webService())
  serve(['pod-a'])
  agent.listed()
  await agent.next('agent-ready')
})

afterEach(() => agent.stop())

function serve(pods: readonly PodName[]): void {
  for (const slice of webSlices(pods)) agent.put('endpointslices', slice)
}

function other(port: number): object {
  const fields = { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'], ports: [{ port }] }
  return { ...webService(fields), metadata: { namespace: 'default', name: 'other' }, status: {} }
}

function table(): Promise<string> {
  return nft('list', 'table', 'ip', 'nodelb')
}

test('a socket that broke is replaced, and what changed meanwhile is committed', async () => {
  const broken = agent.socket.open()
  broken.close()
  serve(['pod-b'])
  expect((await agent.next('commit-failed')).reason).toContain('netlink socket closed')
  serve(['pod-c'])
  await agent.next('commits-resumed')
  expect(agent.socket.open()).not.toBe(broken)
  expect(await table()).toContain('10.244.1.12')
  expect(await table()).not.toContain('10.244.1.11')
})

test('a Service that the kernel refuses is told, the others go on, and it comes back', async () => {
  const mend = spoil(agent.socket.open(), bytesOf('10.96.0.20'))
  agent.put('services', other(80))
  serve(['pod-d'])
  const { service, reason } = await agent.next('service-refused')
  expect(service).toBe('default/other')
  expect(reason).toMatch(/^ENOENT to .*10\.96\.0\.20/)
  expect(agent.telemetry.status().refused).toMatchObject([{ service, reason }])
  expect(await table()).toContain('10.244.2.10')
  expect(await table()).not.toContain('10.96.0.20')
  mend()
  agent.put('services', other(81))
  expect(await agent.next('service-accepted')).toMatchObject({ service })
  expect(await table()).toContain('10.96.0.20')
  expect(agent.telemetry.status().refused).toEqual([])
})

test('a comparison that finds nothing wrong says so', async () => {
  agent.reconciler.verify()
  await agent.next('kernel-compared')
})

test('addresses of other Nodes are no reason to read and render everything anew', async () => {
  for (const ip of ['192.0.2.77', '192.0.2.78']) {
    const status = { addresses: [{ type: 'InternalIP', address: ip }] }
    agent.put('nodes', { ...webNode, metadata: { name: 'node-b' }, status })
    expect(await agent.next('kernel-committed')).toMatchObject({ compared: false, operations: 0 })
  }
  agent.drop('nodes', 'node-b')
  expect(await agent.next('kernel-committed')).toMatchObject({ compared: false, operations: 0 })
})

const PODS = ['pod-a', 'pod-b', 'pod-c', 'pod-d', 'pod-e'] as const
const ROUNDS = 8

test.each([1, 2])(
  'nothing is lost whatever happens when (%i)',
  { timeout: 120_000 },
  async (seed) => {
    const random = randomFrom(seed)
    const restarts: readonly (() => void)[] = [
      () => agent.put('nodes', { ...webNode, status: { addresses: [internal(random(3))] } }),
      () => agent.socket.open().close(),
      () => {
        agent.scope = random(2) === 0 ? 'all' : 'load-balancer'
        agent.reconciler.reconfigure()
      },
    ]
    const changes: readonly (() => void)[] = [
      () => serve(PODS.filter(() => random(2) === 0)),
      () => agent.put('services', other(80 + random(3))),
      () => agent.drop('services', 'other'),
      () => agent.put('services', webService({ clusterIP: `10.96.0.${30 + random(3)}` })),
      () => agent.reconciler.verify(),
    ]
    for (let round = 0; round < ROUNDS; round++) {
      restarts[random(restarts.length)]?.()
      for (let change = 0; change < 4; change++) {
        for (let turns = random(20); turns > 0; turns--) await turn()
        changes[random(changes.length)]?.()
      }
      while ((await lacking()).length > 0) await agent.next('kernel-committed')
    }
  },
)

/** What the kernel has not of what the objects ask for, by a look of its own. */
async function lacking(): Promise<readonly string[]> {
  const socket = NetlinkSocket.open()
  try {
    const { plan } = await propose(socket, agent.goal())
    return [...eachOperation(plan)].map(({ kind }) => kind)
  } finally {
    socket.close()
  }
}

function internal(digit: number): object {
  return { type: 'InternalIP', address: `192.0.2.${1 + digit}` }
}

/** The same numbers for the same seed: a linear congruential generator. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
