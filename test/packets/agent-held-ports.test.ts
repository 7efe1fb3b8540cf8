import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { agentStatus } from '../support/agent-status.ts'
import type { LogLine } from '../support/running-program.ts'
import { Stranger } from '../support/stranger.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

/** What else on the node listens on a port where a Service is served: it is told, and its end. */

let place: AgentLab
let strangers: Stranger[]

beforeEach(async () => {
  place = await AgentLab.build()
  strangers = []
})

afterEach(async () => {
  await Promise.all(strangers.map((each) => each.end()))
  await place?.remove()
})

async function listen(at: Parameters<typeof Stranger.start>[1]): Promise<Stranger> {
  const stranger = await Stranger.start(place.lab.namespace('node'), at)
  strangers.push(stranger)
  return stranger
}

const OWN = ['192.0.2.1', '2001:db8:1::1'].map((ip) => ({ ip }))

/** A Service that has the addresses of the node, as with k3s ServiceLB. */
function webOnNode(spec: object = {}): object {
  return { ...webService(spec), status: { loadBalancer: { ingress: OWN } } }
}

const PORTS = [{ name: 'tcp', port: 80, targetPort: 8080 }]

test.each([{ backend: 'nftables' }, { backend: 'iptables', iptables: { flavour: 'nft' } }])(
  'a process on a port of the node is told, and its end: %o',
  async (fields) => {
    const stranger = await listen({ port: 80 })
    place.write([webNode, webOnNode(), ...webSlices(['pod-a'])])
    const config = { scope: 'all', comparePeriod: '1s', ...fields }
    const agent = place.start('--config', place.configure(config))
    const told = await agent.next('ports-held')
    const ports = ['192.0.2.1:80/tcp', '[2001:db8:1::1]:80/tcp']
    expect(told).toMatchObject({ level: 'warn', service: 'default/web', ports })
    expect(await agentStatus(place.statusSocket)).toMatchObject({
      status: { heldPorts: [{ service: 'default/web', ports }] },
    })
    expect(await place.answers({ to: '192.0.2.1:80' }), 'it is true').toEqual(['pod-a'])
    // Two comparisons later it is still told once.
    for (let times = 0; times < 2; times++) await agent.next('kernel-compared')
    await stranger.end()
    await agent.next('ports-free')
    expect(agent.lines.filter(({ event }) => event === 'ports-held')).toEqual([told])
    expect(await agentStatus(place.statusSocket)).toMatchObject({ status: { heldPorts: [] } })
  },
)

test('it is told when a Service comes to a port of the node, and when it goes', async () => {
  await listen({ port: 80, host: '192.0.2.1', protocol: 'udp' })
  await listen({ port: 30_080 })
  place.write([webNode])
  const agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('agent-ready')
  const ports = [
    { name: 'udp', protocol: 'UDP', port: 80, targetPort: 8080, nodePort: 30_053 },
    { name: 'tcp', protocol: 'TCP', port: 81, targetPort: 8080, nodePort: 30_080 },
  ]
  let told: LogLine | undefined
  const first = agent.first('ports-held').then((line) => {
    told = line
  })
  // It is told while the Service goes on changing.
  for (let change = 0; told === undefined; change++) {
    const loadBalancerSourceRanges = [`192.0.2.${change % 200}/32`]
    place.write([webNode, webOnNode({ ports, loadBalancerSourceRanges }), ...webSlices(['pod-a'])])
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  }
  await first
  expect(told).toMatchObject({ ports: ['*:30080/tcp', '192.0.2.1:80/udp'] })
  place.write([webNode])
  expect(await agent.next('ports-free')).toMatchObject({ service: 'default/web', exists: false })
})

/** The node answers on its port 8080 in the lab, as a pod on its network would. */
const hostNetwork = OWN.map(({ ip }, at) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace: 'default',
    name: `web-host-${at}`,
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: at === 0 ? 'IPv4' : 'IPv6',
  ports: [{ name: 'ingress', protocol: 'TCP', port: 8080 }],
  endpoints: [{ addresses: [ip], nodeName: 'node-a', conditions: { ready: true } }],
}))

test('nothing is told of what gets its connections, or is part of the Service', async () => {
  // What is told, so that what is not would be seen beside it.
  await listen({ port: 81 })
  await listen({ port: 80, host: '127.0.0.1' })
  await listen({ port: 82, host: '198.51.100.1' })
  await listen({ port: 10_250 })
  const ports = [
    ...PORTS,
    ...[81, 82, 10_250].map((port) => ({ name: `p${port}`, port })),
    { name: 'ingress', port: 8080, nodePort: 30_080 },
  ]
  const health = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30_081 }
  place.write([webNode, webOnNode({ ports, ...health }), ...webSlices(['pod-a']), ...hostNetwork])
  const agent = place.start('--config', place.configure({ scope: 'all', comparePeriod: '1s' }))
  const expected = ['192.0.2.1:81/tcp', '[2001:db8:1::1]:81/tcp']
  expect(await agent.next('ports-held')).toMatchObject({ ports: expected })
  expect(await agent.first('address-refused')).toMatchObject({ address: '192.0.2.1:10250/tcp' })
  for (let times = 0; times < 2; times++) await agent.next('kernel-compared')
  const told = agent.lines.filter(({ event }) => event === 'ports-held')
  expect(told.map((line) => line['ports'])).toEqual([expected])
})
