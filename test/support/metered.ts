import { expect } from 'vitest'
import type { AgentLab } from './agent-lab.ts'
import { eventually } from './eventually.ts'
import type { Probe } from './lab.ts'
import type { RunningAgent } from './running-agent.ts'
import { WEB, webNode, webService, webSlices } from './web.ts'

// What is expected of the counts of connections, with any backend.

const SCRAPE = `fetch('http://127.0.0.1:10266/metrics/services')
  .then(async (answer) => console.log(answer.status + ' ' + (await answer.text())))`

/** The status of a scrape in the node, a space, and its body. */
export async function scrapeServices({ lab }: AgentLab): Promise<string> {
  return (await lab.run(process.execPath, ['--input-type=module', '-e', SCRAPE])).stdout
}

/** By kind and port of the Service default/web. */
async function counts(place: AgentLab): Promise<Readonly<Record<string, number>>> {
  const sample =
    /^nodelb_service_connections_total\{namespace="default",service="web",port="(\w+)",kind="([\w-]+)"\} (\d+)$/gm
  const found = [...(await scrapeServices(place)).matchAll(sample)]
  return Object.fromEntries(
    found.map(([, port, kind, count]) => [`${kind} ${port}`, Number(count)]),
  )
}

/** Scrapes until the counts are these, as a reading serves for a moment. */
async function counted(place: AgentLab, expected: Readonly<Record<string, number>>): Promise<void> {
  let last: unknown
  const late = () => `counted ${JSON.stringify(last)}, not ${JSON.stringify(expected)}`
  await eventually(
    async () => {
      last = await counts(place)
      return JSON.stringify(sorted(last as object)) === JSON.stringify(sorted(expected))
    },
    { within: 120_000, every: 200, late },
  )
}

function sorted(record: object): unknown {
  return Object.entries(record).sort()
}

const ports = ['TCP', 'UDP'].map((protocol, at) => {
  return {
    name: protocol.toLowerCase(),
    protocol,
    port: 80,
    targetPort: 8080,
    nodePort: 30_080 + at,
  }
})

function objects(pod: 'pod-a' | 'pod-b'): object[] {
  return [webNode, webService({ ports }), ...webSlices([pod])]
}

/** Connections of both families and protocols, to addresses and to a port of the node, are counted once. */
export async function countsConnections(place: AgentLab, start: () => RunningAgent): Promise<void> {
  const [lb4, lb6] = WEB.loadBalancer
  const connect = async (probe: Probe): Promise<void> => {
    const results = await place.lab.probe({ timeout: 60_000, ...probe })
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['answered']))
  }
  place.write(objects('pod-a'))
  const agent = start()
  await agent.next('agent-ready')
  const none = {
    ...{ 'cluster-ip tcp': 0, 'cluster-ip udp': 0, 'load-balancer tcp': 0, 'load-balancer udp': 0 },
    ...{ 'node-port tcp': 0, 'node-port udp': 0 },
  }
  await counted(place, none)
  await connect({ from: 'client', to: lb4, count: 7 })
  await connect({ from: 'client', to: lb6, count: 5 })
  await connect({ from: 'client', to: lb4, count: 3, protocol: 'udp' })
  await connect({ from: 'pod-c', to: WEB.cluster[0], count: 2 })
  await connect({ from: 'client', to: '192.0.2.1:30080', count: 4 })
  const first = { ...none, 'load-balancer tcp': 12, 'load-balancer udp': 3, 'cluster-ip tcp': 2 }
  await counted(place, { ...first, 'node-port tcp': 4 })

  // Endpoints that change begin nothing anew, whatever becomes of the kernel's counters.
  place.write(objects('pod-b'))
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  await connect({ from: 'client', to: lb4, count: 6 })
  await counted(place, { ...first, 'load-balancer tcp': 18, 'node-port tcp': 4 })

  // What the kernel counted for the agent before is no news of this one.
  expect(await agent.end('SIGKILL')).toBe('SIGKILL')
  const second = start()
  expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
  await counted(place, none)
  await connect({ from: 'client', to: lb6, count: 2 })
  await counted(place, { ...none, 'load-balancer tcp': 2 })
}
