import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultLimits } from '../../src/model/limits.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { RunningAgent } from '../support/running-agent.ts'
import { list, webNode } from '../support/web.ts'

/** What one namespace can make of the agent: its memory, its log, its work for changes of others. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-memory-'))
/** Of the limit in deploy/base/daemon-set.yaml, which is 1 GiB; MB. */
const MOST_MB = 512
const MOST_LOG = 200_000

beforeAll(() => enterNewNetwork())
afterAll(() => rmSync(folder, { recursive: true }))

const LONG = 'n'.repeat(63)

interface Asked {
  readonly addresses: number
  readonly ports: number
  /** The first of the addresses; the same in two Services are contested. */
  readonly from: number
  readonly cluster: string
}

/** A Service with a slice of one endpoint for all its ports. */
function fat(name: string, { addresses, ports, from, cluster }: Asked): object[] {
  const metadata = { namespace: LONG, name: name.padEnd(63, 'x') }
  const named = Array.from({ length: ports }, (_, n) => ({
    name: `p${n}`.padEnd(15, 'x'),
    port: 1_000 + n,
    protocol: 'TCP',
  }))
  const spec = {
    clusterIP: cluster,
    clusterIPs: [cluster],
    externalIPs: Array.from({ length: addresses - 1 }, (_, n) => {
      const at = from + n
      return `203.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
    }),
    ports: named,
  }
  const labels = { 'kubernetes.io/service-name': metadata.name }
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, name: `${name}-1`, labels },
      addressType: 'IPv4',
      ports: named,
      endpoints: [{ addresses: ['10.244.1.99'], nodeName: 'node-a' }],
    },
  ]
}

function write(name: string, items: readonly object[]): void {
  writeFileSync(join(folder, `.${name}`), list(items))
  renameSync(join(folder, `.${name}`), join(folder, name))
}

function small(port: number): object {
  const [cluster, metadata] = ['10.97.0.1', { namespace: 'other', name: 'small' }]
  const spec = { clusterIP: cluster, clusterIPs: [cluster], ports: [{ port }] }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec }
}

function peakMb({ pid }: RunningAgent): number {
  const [, kb] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}

/** Milliseconds that the process computed so far; the kernel counts hundredths of a second. */
function computed({ pid }: RunningAgent): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

test('a namespace with the largest Services takes neither memory nor log from the agent, nor time from others', async () => {
  write('node.json', [webNode])
  const agent = RunningAgent.start(
    [],
    [
      ...['--node', 'node-a', '--scope', 'all', '-f', folder, '--listen', '127.0.0.1:10266'],
      ...['--status-socket', join(folder, 'nodelb.sock')],
    ],
  )
  try {
    await agent.next('agent-ready')
    const side = Math.sqrt(defaultLimits.claimsPerService)
    const largest = { addresses: side, ports: side }
    write(
      'huge.json',
      fat('huge', { addresses: 1_000, ports: 1_000, from: 0, cluster: '10.96.0.1' }),
    )
    write(
      'largest.json',
      Array.from({ length: 10 }, (_, n) =>
        fat(`a${n}`, { ...largest, from: n * 256, cluster: `10.96.1.${n}` }),
      ).flat(),
    )
    // All of them ask for the same addresses.
    write(
      'contested.json',
      Array.from({ length: 10 }, (_, n) =>
        fat(`b${n}`, { ...largest, from: 0, cluster: `10.96.2.${n}` }),
      ).flat(),
    )
    const refused = await agent.next('object-invalid')
    expect(refused['problems']).toEqual([expect.stringContaining('found 1000000 pairs of address')])
    write('small.json', [small(80)])
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 100_000)
    write('small.json', [small(81)])
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    const before = computed(agent)
    const changes = 10
    for (let n = 0; n < changes; n++) {
      write('small.json', [small(82 + n)])
      await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    }
    expect((computed(agent) - before) / changes).toBeLessThan(150)
    expect(peakMb(agent)).toBeLessThan(MOST_MB)
    const log = agent.lines.filter(({ level }) => level !== 'debug')
    expect(JSON.stringify(log).length).toBeLessThan(MOST_LOG)
  } finally {
    await agent.end('SIGKILL')
  }
})
