import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CleanOutcome } from '../../../src/apply/conntrack/clean.ts'
import type { Address, Port } from '../../../src/model/address.ts'
import { nftablesBackend } from '../../../src/model/backend.ts'
import type { TableFamily } from '../../../src/model/family.ts'
import type { ServiceObject, SliceObject } from '../../../src/model/service.ts'
import type { TcpFlows } from '../../../src/plan/flows/stale.ts'
import { createRenderer } from '../../../src/render/cluster-renderer.ts'
import type { Renderer } from '../../../src/render/renderer.ts'
import { printRuleset } from '../../../src/ruleset/nftables/print.ts'
import { Lab } from '../../support/lab.ts'
import { type PodName, parties, podAddresses } from '../../support/topology.ts'
import { commission } from './commission.ts'

const PORT = 80 as Port
const NODE_PORT = 30080 as Port
const FAMILIES = { ip: 0, ip6: 1 } as const
const vips = ['203.0.113.10', '2001:db8:100::10'] as const
const nodeAddresses = ['192.0.2.1', '2001:db8:1::1'] as const

let lab: Lab
let renderer: Renderer
const talkers: Talker[] = []
beforeAll(async () => {
  lab = await Lab.build()
})
afterAll(() => lab.remove())
beforeEach(async () => {
  renderer = createRenderer(
    {
      name: 'node-a',
      zone: undefined,
      addresses: nodeAddresses as unknown as Address[],
      podCidrs: [],
    },
    {
      scope: 'all',
      target: 'pods',
      localTraffic: { kind: 'none' },
      nodePortAddresses: { kind: 'primary' },
      masqueradeAll: false,
      masqueradeBit: 14,
      serviceRanges: [],
      backend: nftablesBackend,
    },
  )
  // Another program's table: while it is there, the node tracks every flow.
  renderer.setService({ ...web, name: 'other', loadBalancerAddresses: [], ports: [tcpPort(81)] })
  renderer.takeChanges()
  await commit()
  await lab.flushConnections()
})
afterEach(() => {
  for (const talker of talkers.splice(0)) talker.end()
})

const web: ServiceObject = {
  namespace: 'default',
  name: 'web',
  created: '',
  clusterAddresses: ['10.96.0.10', 'fd00:10:96::10'] as Address[],
  externalAddresses: [],
  loadBalancerAddresses: vips as unknown as Address[],
  sourceRanges: [],
  internalPolicy: 'cluster',
  externalPolicy: 'cluster',
  affinity: { kind: 'none' },
  healthCheckPort: undefined,
  ports: [
    { name: 'udp', protocol: 'udp', port: PORT, nodePort: NODE_PORT },
    { name: 'tcp', protocol: 'tcp', port: PORT, nodePort: NODE_PORT },
  ],
}

function tcpPort(port: number): ServiceObject['ports'][number] {
  return { name: 'tcp', protocol: 'tcp', port: port as Port, nodePort: undefined }
}

function endpoints(...pods: readonly PodName[]): void {
  for (const family of ['ipv4', 'ipv6'] as const) renderer.setSlice(slice(family, pods))
}

function slice(family: SliceObject['family'], pods: readonly PodName[]): SliceObject {
  return {
    namespace: 'default',
    name: `web-${family}`,
    service: 'web',
    family,
    ports: (['udp', 'tcp'] as const).map((protocol) => ({
      name: protocol,
      protocol,
      port: 8080 as Port,
    })),
    endpoints: pods.map((pod) => ({
      address: podAddresses[pod][family === 'ipv4' ? 0 : 1] as Address,
      nodeName: 'node-a',
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    })),
  }
}

/** Commits what changed in the renderer, and deletes what it left stale. */
async function settle(tcp: TcpFlows = 'keep'): Promise<CleanOutcome> {
  const { elements } = renderer.takeChanges()
  await commit()
  const script = fileURLToPath(new URL('clean-alone.ts', import.meta.url))
  const input = JSON.stringify(commission(elements, renderer.ruleset(), tcp))
  const ran = await lab.run(process.execPath, ['--import', 'tsx', script], input)
  expect(ran).toMatchObject({ exitCode: 0 })
  return JSON.parse(ran.stdout)
}

async function commit(): Promise<void> {
  const text = `flush ruleset\n${printRuleset(renderer.ruleset())}`
  expect(await lab.run('nft', ['-f', '-'], text)).toMatchObject({ exitCode: 0 })
}

/** A client that keeps its port. */
class Talker {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor(protocol: 'tcp' | 'udp', to: readonly [host: string, port: number], local: number) {
    const script = fileURLToPath(new URL('talker.mjs', import.meta.url))
    const own = parties.client.addresses?.[to[0].includes(':') ? 1 : 0] ?? ''
    const args = [script, protocol, to[0], String(to[1]), own, String(local)]
    const inside = ['netns', 'exec', lab.namespace('client'), process.execPath, ...args]
    this.#process = spawn('ip', inside)
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    talkers.push(this)
  }

  async ask(): Promise<string> {
    this.#process.stdin.write('\n')
    return (await this.#answers.next()).value
  }

  end(): void {
    this.#process.stdin.end()
  }
}

describe.each(Object.keys(FAMILIES) as TableFamily[])('a UDP client, %s', (family) => {
  const vip = vips[FAMILIES[family]]

  test('reaches another endpoint when its own goes away', async () => {
    renderer.setService(web)
    endpoints('pod-a')
    await settle()
    const client = new Talker('udp', [vip, PORT], 4001)
    expect(await client.ask()).toBe('pod-a')
    endpoints('pod-b')
    expect(await settle()).toMatchObject({ kind: 'cleaned', deleted: 1 })
    expect(await client.ask()).toBe('pod-b')
  })

  test('that bypassed the address reaches an endpoint once there is one', async () => {
    const client = new Talker('udp', [vip, PORT], 4002)
    expect(await client.ask()).toBe('outside')
    renderer.setService(web)
    endpoints('pod-a')
    expect(await settle()).toMatchObject({ deleted: 1 })
    expect(await client.ask()).toBe('pod-a')
  })

  test('is refused when the last endpoint goes away', async () => {
    renderer.setService(web)
    endpoints('pod-a')
    await settle()
    const client = new Talker('udp', [vip, PORT], 4003)
    expect(await client.ask()).toBe('pod-a')
    endpoints()
    expect(await settle()).toMatchObject({ deleted: 1 })
    expect(await client.ask()).toBe('ECONNREFUSED')
  })

  test('goes past the node when the Service is deleted', async () => {
    renderer.setService(web)
    endpoints('pod-a')
    await settle()
    const client = new Talker('udp', [vip, PORT], 4004)
    expect(await client.ask()).toBe('pod-a')
    renderer.removeService('default/web')
    expect(await settle()).toMatchObject({ deleted: 1 })
    expect(await client.ask()).toBe('outside')
  })

  test('of a node port reaches another endpoint as well', async () => {
    renderer.setService(web)
    endpoints('pod-a')
    await settle()
    const client = new Talker('udp', [nodeAddresses[FAMILIES[family]], NODE_PORT], 4005)
    expect(await client.ask()).toBe('pod-a')
    endpoints('pod-b')
    expect(await settle()).toMatchObject({ deleted: 1 })
    expect(await client.ask()).toBe('pod-b')
  })
})

test('a flow to a healthy endpoint is the same before and after', async () => {
  renderer.setService(web)
  endpoints('pod-a')
  await settle()
  const healthy = new Talker('udp', [vips[0], PORT], 4011)
  expect(await healthy.ask()).toBe('pod-a')
  const before = await flowsOf(4011)
  expect(before).toHaveLength(1)
  endpoints('pod-b', 'pod-a')
  expect(await settle()).toMatchObject({ deleted: 0 })
  endpoints('pod-a', 'pod-c')
  await settle()
  expect(await healthy.ask()).toBe('pod-a')
  expect(await flowsOf(4011)).toEqual(before)
})

test('a TCP connection stays, or is reset where that is wanted', async () => {
  renderer.setService(web)
  endpoints('pod-a')
  await settle()
  const client = new Talker('tcp', [vips[0], PORT], 4021)
  expect(await client.ask()).toBe('pod-a')
  endpoints('pod-b')
  expect(await settle('keep')).toMatchObject({ deleted: 0 })
  expect(await client.ask()).toBe('pod-a')
  endpoints('pod-c')
  expect(await settle('reset')).toMatchObject({ deleted: 1 })
  expect(await client.ask()).toBe('ECONNRESET')
})

/** The ids under which conntrack has the flows of a client's port. */
async function flowsOf(port: number): Promise<string[]> {
  const { stdout } = await lab.run('conntrack', [
    ...['-L', '-p', 'udp', '--sport', String(port), '-o', 'id'],
  ])
  return [...stdout.matchAll(/\bid=(\d+)/g)].map(([, id = '']) => id)
}
