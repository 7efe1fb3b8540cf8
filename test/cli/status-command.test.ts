import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { Waits } from '../../src/model/retry.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { follow } from '../../src/report/status/state.ts'
import { statusOf } from '../../src/report/status/status.ts'
import type { ServiceSummary } from '../../src/report/status/status-services.ts'
import { serveStatus } from '../../src/report/status/status-socket.ts'
import type { AnnounceView } from '../../src/speaker/view.ts'
import type { ListenState } from '../../src/telemetry/listen.ts'
import { eventually } from '../support/eventually.ts'
import { Recorder } from '../support/recorder.ts'
import { Started, typed, typedAs } from '../support/typed.ts'

/** What `nodelb status` says of an agent that answers, and by its exit code. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-status-command-'))
afterAll(() => rmSync(folder, { recursive: true }))

const web: ServiceSummary = {
  ...{ service: 'shop/web', created: '2026-11-01T00:00:00Z' },
  frontends: [
    {
      ...{ address: '203.0.113.10:80/tcp', port: 'http', kind: 'load-balancer', state: 'serves' },
      ...{ endpoints: 2, localEndpoints: 1 },
    },
    {
      ...{ address: '10.96.0.10:80/tcp', port: 'http', kind: 'cluster-ip', state: 'serves' },
      ...{ endpoints: 2, localEndpoints: 1 },
    },
  ],
  addresses: ['203.0.113.10:80/tcp'],
  origin: { pool: 'production', reason: 'IPAddressPool production gives it' },
  ...{ denied: [], endpoints: 2, localEndpoints: 1, localPolicies: [] },
}

const inner: ServiceSummary = {
  ...{ ...web, service: 'shop/inner', frontends: web.frontends.slice(1) },
  ...{ addresses: [], origin: null },
}

const WORKING: readonly Occurrence[] = [
  { event: 'watch-following', resource: 'services', resourceVersion: '1' },
  { event: 'watch-following', resource: 'endpointslices', resourceVersion: '1' },
  { event: 'watch-following', resource: 'nodes', resourceVersion: '1' },
  { event: 'kernel-committed', operations: 3, bytes: 200, durationMs: 4.4, compared: true },
]

interface World {
  occurrences: readonly Occurrence[]
  services: readonly ServiceSummary[]
  announced?: AnnounceView
  /** How often it was asked about: each time a minute has gone by. */
  asked?: number
}

let sockets = 0

/** Serves what a world is at the moment, as the agent does; returns the socket. */
async function serve(world: World): Promise<string> {
  const path = join(folder, `${++sockets}.sock`)
  const status = (only?: string) => {
    world.asked = (world.asked ?? 0) + 1
    const state = newState(0)
    for (const occurrence of world.occurrences) follow(state, occurrence, 60_000)
    const services = world.services.filter(({ service }) => only === undefined || service === only)
    const announce = { view: () => world.announced, bgp: () => undefined }
    const rest = { version: '1.2.3', node: 'node-a', objects: () => ({ services: 1 }), announce }
    return statusOf(state, { ...rest, services: () => services }, (world.asked + 1) * 60_000)
  }
  const told = new Recorder<ListenState>()
  const waits = new Waits({ first: 5, most: 1_000, factor: 2, jitter: 0 })
  const server = serveStatus(path, status, told.add, waits)
  onTestFinished(() => server.close())
  await told.find(({ kind }) => kind === 'listening')
  return path
}

async function asked(world: World, ...words: readonly string[]) {
  return typed('status', '--status-socket', await serve(world), ...words)
}

const ready: World = { occurrences: WORKING, services: [web, inner] }
const starting: World = { occurrences: [], services: [] }

describe('once', () => {
  test('a ready agent is exit code 0, and one that is not is 1', async () => {
    const { code, out, said } = await asked(ready)
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(out).toMatch(/^node-a {2}nodelb 1\.2\.3, .* {2}ready\n/)
    expect(out).toContain('shop/web  203.0.113.10  80     2          serves\n')
    expect(await asked(starting)).toMatchObject({ code: 1, said: [] })
  })

  test('only the Service that is asked for is shown, and one that nobody knows is trouble', async () => {
    const { code, out } = await asked(ready, 'shop/web')
    expect({ code, inner: out.includes('shop/inner') }).toEqual({ code: 0, inner: false })
    expect(await asked(ready, 'shop/none')).toEqual({
      ...{ code: 2, out: '' },
      said: ['nodelb: no Service shop/none is known here that asks for load balancing'],
    })
  })

  test('for programs it is what the agent answers, in one line', async () => {
    const { code, out } = await asked(ready, '-o', 'json')
    expect(code).toBe(0)
    expect(out.split('\n')).toHaveLength(2)
    expect(JSON.parse(out)).toMatchObject({ node: 'node-a', ready: true, announce: null })
  })

  test('wide, a Service without a port of the node has a dash for it', async () => {
    const { out } = await asked(ready, '-A', '-o', 'wide')
    expect(out).toMatch(/^SERVICE +ADDRESS +PORTS +ENDPOINTS +CLUSTER-IP +NODE-PORTS +STATE$/m)
    expect(out).toMatch(/^shop\/web +203\.0\.113\.10 +80 +2 +10\.96\.0\.10 +- +serves$/m)
    expect(out).toMatch(/^shop\/inner +10\.96\.0\.10 +80 +2 +10\.96\.0\.10 +- +serves$/m)
  })

  test('where no Service has an address for clients outside, they are counted', async () => {
    const { out } = await asked({ ...ready, services: [inner] })
    expect(out).toContain('\n1 Service without an address for clients outside; -A lists all\n')
  })

  test('a Service that this node serves nowhere has a dash for its address', async () => {
    const nowhere = { ...inner, frontends: [] }
    const { out } = await asked({ ...ready, services: [nowhere] }, '-A')
    expect(out).toMatch(/^shop\/inner +- +0 +not ours$/m)
  })

  test('what is announced has a section, of which the first lines are shown', async () => {
    const addresses = Array.from({ length: 120 }, (_, at) => ({
      ...{ address: `192.0.2.${at}`, services: ['shop/web'], owner: 'n2' },
      ...{ candidates: ['n2'], here: [] },
    }))
    const rest = { responder: 'kernel', switchMs: 9_000, settled: true, members: [] } as const
    const { out } = await asked({ ...ready, announced: { ...rest, addresses } })
    const lines = out.split('\n')
    const at = lines.indexOf('Announcing:')
    expect(lines.slice(at + 1, at + 3)).toEqual([
      '  the kernel answers, for 9 s without the agent',
      '  192.0.2.0 (shop/web): n2 answers',
    ])
    expect(lines.slice(-2)).toEqual(['  and 21 more (-o json has all)', ''])
  })

  test('a Service has its endpoints, and where its address comes from', async () => {
    const details = [
      { address: '10.244.1.10:8080', node: 'node-a', state: 'ready' },
      { address: '10.244.9.9:8080', node: null, state: 'not ready' },
    ] as const
    const shown = { ...web, origin: { pool: 'production' }, endpointDetails: details }
    const some = await asked({ ...ready, services: [shown] }, 'shop/web')
    expect(some.out).toContain('shop/web  address: of pool production\n')
    expect(some.out).toMatch(/^10\.244\.9\.9:8080 +- +not ready$/m)
    const none = { ...web, origin: null, endpointDetails: [] }
    const empty = await asked({ ...ready, services: [none] }, 'shop/web')
    expect(empty.out).toContain('\nshop/web has no endpoints\n')
    expect(empty.out).not.toContain('address: ')
  })

  test('a terminal has it in colour', async () => {
    const words = ['status', '--status-socket', await serve(starting)]
    const { out } = await typedAs('nodelb', words, { colour: true, columns: 100 })
    expect(out.split('\n')[0]?.endsWith('  \u001b[31mNOT READY\u001b[39m')).toBe(true)
  })

  test('what answers and is no agent is named', async () => {
    const path = join(folder, 'other.sock')
    const server = createServer((_, answer) => answer.writeHead(500).end('no'))
    await new Promise<void>((listening) => server.listen(path, listening))
    onTestFinished(() => void server.close())
    const { code, out, said } = await typed('status', '--status-socket', path)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual(['nodelb: the answer is not JSON'])
  })
})

describe('with --watch', () => {
  test('a pipe gets it again when something changes, and not because time goes by', async () => {
    const world: World = { occurrences: [], services: [] }
    const socket = await serve(world)
    const watching = Started.start(['status', '--watch', '--status-socket', socket])
    await eventually(() => watching.out.includes('NOT READY'))
    const first = watching.out
    await eventually(() => (world.asked ?? 0) > 1)
    Object.assign(world, ready)
    await eventually(() => watching.out !== first)
    expect(await watching.end('SIGINT')).toBe(0)
    expect(watching.out.startsWith(`${first}\nnode-a  nodelb 1.2.3`)).toBe(true)
    expect(watching.out.match(/^node-a/gm)).toHaveLength(2)
  })

  test('a terminal is cleared, and shows that no agent answers any more', async () => {
    const path = join(folder, 'absent.sock')
    const words = ['status', '-w', '--status-socket', path]
    const watching = Started.start(words, { columns: 80 })
    await eventually(() => watching.out !== '')
    expect(await watching.end('SIGTERM')).toBe(2)
    const clear = '\u001b[2J\u001b[3J\u001b[H'
    expect(watching.out).toBe(`${clear}nodelb: no agent answers at ${path}\n`)
  })
})
