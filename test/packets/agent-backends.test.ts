import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Flavour } from '../../src/apply/iptables/programs.ts'
import { AgentLab } from '../support/agent-lab.ts'
import { agentStatus } from '../support/agent-status.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import { isLong } from '../support/runs.ts'
import { webObjects } from '../support/web.ts'

// The backend is changed, and changed back, while other programs commit to nf_tables all the time.

let place: AgentLab
let other: ChildProcess | undefined

beforeAll(async () => {
  place = await AgentLab.build()
})
afterEach(async () => {
  await end(other)
  await place.endAgents()
  await place.lab.nodelb(['cleanup'])
})
afterAll(() => place?.remove())

type Backend = 'nftables' | Flavour

const BACKENDS: readonly Backend[] = ['nftables', 'nft', 'legacy']
/** So many that a removal takes a while. */
const SERVICES = 1_000

function configure(backend: Backend): string {
  const fields = { scope: 'all', ownership: 'none', minSyncPeriod: '0s' }
  return place.configure(
    backend === 'nftables'
      ? { ...fields, backend }
      : { ...fields, backend: 'iptables', iptables: { flavour: backend } },
  )
}

/** A backend programs the node from now on. */
function chosen(agent: RunningAgent, backend: Backend): Promise<unknown> {
  const sign = backend === 'nftables' ? '' : `; ${backend}:`
  const name = backend === 'nftables' ? 'nftables' : 'iptables'
  return agent.next('backend-chosen', (line) => {
    return line['backend'] === name && String(line['reason']).includes(sign)
  })
}

/** Runs a shell script beside the agent until the test is over. */
async function beside(script: string): Promise<void> {
  const enter = ['netns', 'exec', place.lab.namespace('node'), 'bash', '-c', `echo up; ${script}`]
  other = spawn('ip', enter, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  if (other.stdout !== null) await once(other.stdout, 'data')
}

async function end(process_: ChildProcess | undefined): Promise<void> {
  other = undefined
  if (process_?.pid === undefined || process_.exitCode !== null) return
  const ended = once(process_, 'exit')
  process.kill(-process_.pid, 'SIGKILL')
  await ended
}

const FIVE_A_SECOND =
  'while :; do nft "add table ip zz; delete table ip zz"; sleep 0.2; done 2>/dev/null'
const ALL_THE_TIME = 'yes "add table ip zz; delete table ip zz" | nft -i'

function many(): object[] {
  return Array.from({ length: SERVICES }, (_, at) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'many', name: `s${at}` },
      spec: {
        clusterIP: `10.97.${at >> 8}.${at & 255}`,
        ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: 'many',
        name: `s${at}-1`,
        labels: { 'kubernetes.io/service-name': `s${at}` },
      },
      addressType: 'IPv4',
      ports: [{ protocol: 'TCP', port: 8080 }],
      endpoints: [{ addresses: [`10.244.1.${10 + (at % 3)}`], conditions: { ready: true } }],
    },
  ]).flat()
}

/** Which backends have something in the kernel. */
async function programmed(): Promise<readonly Backend[]> {
  const holds = async (file: string, args: readonly string[], sign: string): Promise<boolean> =>
    (await place.lab.run(file, args)).stdout.includes(sign)
  const found = await Promise.all([
    holds('nft', ['list', 'tables'], 'table ip nodelb'),
    holds('iptables-nft-save', [], 'NODELB-VIPS'),
    holds('iptables-legacy-save', [], 'NODELB-VIPS'),
  ])
  return BACKENDS.filter((_, at) => found[at])
}

async function settled(agent: RunningAgent, backend: Backend): Promise<void> {
  // What the other one had is removed, and what is left compared.
  await agent.next('backend-replaced')
  await agent.next('kernel-committed', ({ compared }) => compared === true)
  expect(await programmed()).toEqual([backend])
  const read = await agentStatus(place.statusSocket)
  const status = read.kind === 'status' ? read.status : undefined
  expect(status).toMatchObject({ ready: true, doubt: null, failing: null, waiting: null })
  expect(status?.backend).toBe(backend === 'nftables' ? 'nftables' : 'iptables')
  expect(await place.answers()).toEqual(['pod-a'])
}

describe('while another program commits five times a second', () => {
  // Each is left once and come to once, in `npm test`; `npm run test:long` takes both directions.
  const pairs = BACKENDS.flatMap((from, at) =>
    BACKENDS.filter((to) => to !== from)
      .map((to) => [from, to] as const)
      .filter(([, to]) => isLong || to === BACKENDS[(at + 1) % BACKENDS.length]),
  )

  test.each(pairs)('%s, %s and back at once: what is in use stays', async (from, to) => {
    place.write([...webObjects(['pod-a']), ...many()])
    const agent = place.start('--config', configure(from))
    await agent.next('agent-ready')
    await beside(FIVE_A_SECOND)
    configure(to)
    await chosen(agent, to)
    configure(from)
    await chosen(agent, from)
    await settled(agent, from)
    expect(agent.lines.filter(({ event }) => event === 'bug')).toEqual([])
  })
})

test('a change of backend is complete though others commit without a pause', async () => {
  place.write([...webObjects(['pod-a']), ...many()])
  const agent = place.start('--config', configure('nftables'))
  await agent.next('agent-ready')
  await beside(ALL_THE_TIME)
  configure('legacy')
  await chosen(agent, 'legacy')
  await settled(agent, 'legacy')
})

test('what others use remains, is told, and is removed once they do not', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', configure('nft'))
  await agent.next('agent-ready')
  const nat = async (...args: readonly string[]): Promise<void> => {
    expect((await place.lab.run('iptables-nft', ['-t', 'nat', ...args])).exitCode).toBe(0)
  }
  await nat('-N', 'OTHERS')
  await nat('-A', 'OTHERS', '-j', 'NODELB-VIPS')
  configure('nftables')
  await chosen(agent, 'nftables')
  expect((await agent.next('backend-remains'))['reason']).toContain('NODELB-VIPS')
  expect(await place.answers()).toEqual(['pod-a'])
  await nat('-F', 'OTHERS')
  await settled(agent, 'nftables')
})

describe('without file descriptors', () => {
  const limit = (agent: RunningAgent, files: number) =>
    execa('prlimit', ['--pid', `${agent.pid}`, `--nofile=${files}:`])

  /** The limit that leaves an agent so many. */
  function withFree(agent: RunningAgent, free: number): number {
    const open = new Set(readdirSync(`/proc/${agent.pid}/fd`).map(Number))
    let [files, left] = [0, free]
    for (; left > 0; files++) if (!open.has(files)) left -= 1
    return files
  }

  test('what is in force goes on, and is repaired', async () => {
    place.write(webObjects(['pod-a']))
    const agent = place.start('--config', configure('nftables'))
    await agent.next('agent-ready')
    await limit(agent, 8)
    expect((await place.lab.run('nft', ['flush', 'ruleset'])).exitCode).toBe(0)
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 10)
    expect(await place.answers()).toEqual(['pod-a'])
    configure('nft')
    expect((await agent.next('configuration-refused'))['reason']).toContain('EMFILE')
    await limit(agent, 1_024)
    configure('legacy')
    await chosen(agent, 'legacy')
    await settled(agent, 'legacy')
  })

  test('a backend that needs programs is tried again', async () => {
    place.write(webObjects(['pod-a']))
    const agent = place.start('--config', configure('nftables'))
    await agent.next('agent-ready')
    await limit(agent, withFree(agent, 4))
    configure('nft')
    const { reason } = await agent.next('configuration-failed')
    expect(reason).toContain('raise the limit of open files')
    await limit(agent, 1_024)
    await chosen(agent, 'nft')
    await settled(agent, 'nft')
  })
})
