import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import type { PodName } from '../support/topology.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

const PORT = 32_000
const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: PORT }

let place: AgentLab
let agent: RunningAgent

beforeAll(async () => {
  place = await AgentLab.build()
  await become(['pod-a'])
  agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('kernel-committed')
})

afterAll(() => place?.remove())

async function become(pods: readonly PodName[], fields: object = local): Promise<void> {
  agent?.skip()
  place.write([webNode, webService(fields), ...webSlices(pods)])
  await agent?.next('kernel-committed')
}

interface Health {
  readonly status: number
  readonly weight: string
  readonly body: object
}

const ASK = `
try {
  const answer = await fetch(process.argv[1])
  const weight = answer.headers.get('x-load-balancing-endpoint-weight')
  console.log(JSON.stringify({ status: answer.status, weight, body: await answer.json() }))
} catch ({ cause }) {
  console.log(JSON.stringify(cause.code))
}
`

/** What a balancer in front of the node is told: it asks as the client does. */
async function ask(host: string, port = PORT): Promise<Health | string> {
  const url = `http://${host}:${port}/healthz`
  const args = ['--input-type=module', '-e', ASK, url]
  const { stdout } = await place.runAt('client', process.execPath, args)
  return JSON.parse(stdout)
}

function healthy(localEndpoints: number): Health {
  return {
    status: localEndpoints > 0 ? 200 : 503,
    weight: String(localEndpoints),
    body: {
      service: { namespace: 'default', name: 'web' },
      localEndpoints,
      serviceProxyHealthy: true,
    },
  }
}

/** Of kube-proxy's metric, as the node itself is told in place of kube-proxy. */
async function dropped(policy: 'internal' | 'external'): Promise<readonly string[]> {
  const read = 'console.log(await (await fetch(process.argv[1])).text())'
  const args = ['--input-type=module', '-e', read, 'http://127.0.0.1:10249/metrics']
  const { stdout } = await place.runAt('node', process.execPath, args)
  const name = 'kubeproxy_sync_proxy_rules_no_local_endpoints_total'
  const line = new RegExp(
    `^${name}\\{traffic_policy="${policy}",ip_family="(IPv\\d)"\\} (\\d+)$`,
    'gm',
  )
  return [...stdout.matchAll(line)].map(([, family, count]) => `${family}: ${count}`)
}

// Of the Service's two ports.
test("the ports that policy Local leaves without endpoints here are in kube-proxy's metric", async () => {
  await become(['pod-d'])
  expect(await dropped('external')).toEqual(['IPv4: 2', 'IPv6: 2'])
  expect(await dropped('internal')).toEqual(['IPv4: 0', 'IPv6: 0'])
  await become(['pod-a', 'pod-d'])
  expect(await dropped('external')).toEqual(['IPv4: 0', 'IPv6: 0'])
})

describe.each(['192.0.2.1', '[2001:db8:1::1]'])('a balancer that asks at %s', (host) => {
  test('hears how many endpoints are here', async () => {
    await become(['pod-b'])
    expect(await ask(host)).toEqual(healthy(1))
    await become(['pod-a', 'pod-b', 'pod-d'])
    expect(await ask(host)).toEqual(healthy(2))
    await become(['pod-d'])
    expect(await ask(host)).toEqual(healthy(0))
    await become(['pod-c'])
    expect(await ask(host)).toEqual(healthy(1))
  })

  test('is refused once the policy is another', async () => {
    await become(['pod-a'], {})
    expect(await ask(host)).toBe('ECONNREFUSED')
    await become(['pod-a'])
    expect(await ask(host)).toEqual(healthy(1))
  })

  test('is left to kube-proxy beside it', async () => {
    agent.skip()
    place.configure({ scope: 'load-balancer' })
    await agent.next('kernel-committed')
    expect(await ask(host)).toBe('ECONNREFUSED')
    place.configure({ scope: 'all' })
    await agent.next('kernel-committed')
    expect(await ask(host)).toEqual(healthy(1))
  })

  test('is answered on the port of kube-proxy in its place, not beside it', async () => {
    expect(await ask(host, 10_256)).toMatchObject({ status: 200, body: { nodeEligible: true } })
    agent.skip()
    place.configure({ scope: 'load-balancer' })
    await agent.next('server-closed', ({ server }) => server === 'kube-proxy-healthz')
    expect(await ask(host, 10_256)).toBe('ECONNREFUSED')
    agent.skip()
    place.configure({ scope: 'all' })
    await agent.next('server-listening', ({ server }) => server === 'kube-proxy-healthz')
    expect(await ask(host, 10_256)).toMatchObject({ status: 200 })
  })
})
