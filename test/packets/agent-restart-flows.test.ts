import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { PodName } from '../support/topology.ts'
import { WEB, webNode, webObjects, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

interface Manifest {
  readonly metadata: { readonly name: string }
}

/** The Service's other port, which leads to a pod of its own. */
const others = webSlices(['pod-a']).map((slice) => {
  const { metadata } = slice as Manifest
  const ports = [{ name: 'syslog', protocol: 'UDP', port: 8080 }]
  return { ...slice, metadata: { ...metadata, name: `${metadata.name}-syslog` }, ports }
})
const twoPorts = webService({
  ports: [
    { name: 'udp', protocol: 'UDP', port: 80 },
    { name: 'syslog', protocol: 'UDP', port: 514 },
  ],
})

/** A Service with a single port need not name it. */
const oneUnnamed = webService({ ports: [{ protocol: 'UDP', port: 80 }] })
const ofUnnamed = (pods: readonly PodName[], ending: readonly PodName[] = []) =>
  webSlices(pods, ending).map((slice) => ({
    ...slice,
    ports: [{ name: '', protocol: 'UDP', port: 8080 }],
  }))

const CLIENTS = [
  { to: WEB.loadBalancer[0], port: 40_024 },
  { to: WEB.loadBalancer[1], port: 40_026 },
]

/** Who answers the clients, over IPv4 and IPv6. */
function answers(): Promise<readonly string[]> {
  return Promise.all(CLIENTS.map(({ to, port }) => place.askByUdp(to, port)))
}

describe.each(['nftables', 'iptables'])('UDP clients that keep their port, %s', (backend) => {
  const start = () => place.start('--backend', backend)

  test('are refused where the last endpoint went while no agent ran', async () => {
    place.write(webObjects(['pod-a']))
    const first = start()
    await first.next('agent-ready')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    await first.end('SIGKILL')
    place.write(webObjects([]))
    const second = start()
    await second.next('flows-deleted')
    expect(await answers()).toEqual(['refused', 'refused'])
  })

  test('stay with an endpoint that ends, whoever was the agent when it began to', async () => {
    place.write(webObjects(['pod-a']))
    const first = start()
    await first.next('agent-ready')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    await first.end('SIGKILL')
    place.write([webNode, webService(), ...webSlices(['pod-b'], ['pod-a'])])
    const second = start()
    await second.next('agent-ready')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    place.write(webObjects(['pod-b']))
    await second.next('flows-deleted')
    expect(await answers()).toEqual(['pod-b', 'pod-b'])
  })

  test('stay with an endpoint that ends where the port of the Service has no name', async () => {
    place.write([webNode, oneUnnamed, ...ofUnnamed(['pod-a'])])
    const agent = start()
    await agent.next('agent-ready')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    agent.skip()
    place.write([webNode, oneUnnamed, ...ofUnnamed(['pod-b'], ['pod-a'])])
    await agent.next('kernel-committed')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    place.write([webNode, oneUnnamed, ...ofUnnamed(['pod-b'])])
    await agent.next('flows-deleted')
    expect(await answers()).toEqual(['pod-b', 'pod-b'])
  })

  test('do not stay with a pod that serves another port of the Service alone', async () => {
    place.write([webNode, twoPorts, ...webSlices(['pod-a'])])
    const agent = start()
    await agent.next('agent-ready')
    expect(await answers()).toEqual(['pod-a', 'pod-a'])
    place.write([webNode, twoPorts, ...webSlices(['pod-b']), ...others])
    await agent.next('flows-deleted')
    expect(await answers()).toEqual(['pod-b', 'pod-b'])
  })
})
