import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { printStatus } from '../../src/cli/status/print-status.ts'
import { Waits } from '../../src/model/retry.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { follow } from '../../src/report/status/state.ts'
import { type Status, statusOf } from '../../src/report/status/status.ts'
import type { ServiceSummary } from '../../src/report/status/status-services.ts'
import { readStatus, serveStatus } from '../../src/report/status/status-socket.ts'
import type { HttpServer } from '../../src/telemetry/http.ts'
import type { ListenState } from '../../src/telemetry/listen.ts'
import { statusView } from '../../src/view/status-view.ts'
import { askSocket, closed } from '../support/asking.ts'
import { Recorder } from '../support/recorder.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-status-'))
afterAll(() => rmSync(folder, { recursive: true }))
const servers: HttpServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const SOON = { first: 5, most: 1_000, factor: 2, jitter: 0 }

const web: ServiceSummary = {
  service: 'shop/web',
  created: '2026-11-01T00:00:00Z',
  frontends: [
    {
      ...{ address: '203.0.113.10:80/tcp', port: 'http', kind: 'load-balancer', state: 'serves' },
      ...{ endpoints: 2, localEndpoints: 1 },
    },
  ],
  addresses: ['203.0.113.10:80/tcp', '[2001:db8::10]:80/tcp'],
  origin: { pool: 'production', reason: 'IPAddressPool production gives it' },
  denied: [{ address: '203.0.113.9:80/tcp', state: 'contested' }],
  endpoints: 2,
  localEndpoints: 1,
  localPolicies: ['externalTrafficPolicy'],
}

const troubled: readonly Occurrence[] = [
  { event: 'watch-following', resource: 'services', resourceVersion: '12' },
  { event: 'watch-lost', resource: 'nodes', reason: 'list nodes: 403: no', retryMs: 1 },
  { event: 'kernel-committed', operations: 3, bytes: 200, durationMs: 4.4, compared: true },
  { event: 'commit-failed', reason: 'EPERM\u001b[31m', durationMs: 2 },
  { event: 'service-refused', service: 'shop/big', reason: 'ENOMEM' },
  {
    event: 'address-contested',
    service: 'shop/b',
    address: '203.0.113.9:80/tcp',
    winner: 'shop/a',
  },
  { event: 'object-invalid', object: 'Service shop/c', problems: ['Service shop/c: what', 'why'] },
  { event: 'health-check-waiting', service: 'shop/d', port: 30123, reason: 'in use' },
  { event: 'table-not-owned', reason: 'switched off' },
  { event: 'kube-proxy-present', tables: ['ip kube-proxy'] },
]

function make(occurrences: readonly Occurrence[], services: readonly ServiceSummary[]): Status {
  const state = newState(0)
  for (const occurrence of occurrences) follow(state, occurrence, 60_000)
  return statusOf(state, { ...SOURCE, services: () => services }, 120_000)
}

const SOURCE = {
  version: '1.2.3',
  node: 'node-a',
  objects: () => ({ services: 1, endpointslices: 2 }),
  announce: { view: () => undefined, bgp: () => undefined },
}

function serve(path: string, status = make([], [web])) {
  const told = new Recorder<ListenState>()
  servers.push(serveStatus(path, () => status, told.add, new Waits(SOON)))
  return told
}

const listening = ({ kind }: ListenState): boolean => kind === 'listening'

describe('the socket', () => {
  test('gives the whole status to whom the file is open: its owner', async () => {
    const path = join(folder, 'new/folder/one.sock')
    const status = make(troubled, [web])
    await serve(path, status).find(listening)
    expect(statSync(path).mode & 0o7777).toBe(0o600)
    const answer = await readStatus(path)
    expect(answer).toEqual({ kind: 'status', status, json: JSON.stringify(status) })
    expect(await askSocket(path, '/')).toBe(404)
  })

  test('is gone when the agent ends in good order', async () => {
    const path = join(folder, 'two.sock')
    await serve(path).find(listening)
    await servers.pop()?.close()
    expect(await readStatus(path)).toEqual({ kind: 'not-running' })
    expect(() => statSync(path)).toThrow('ENOENT')
  })

  test('of an agent that was killed gives way', async () => {
    const path = join(folder, 'three.sock')
    const script = join(folder, 'listen.mjs')
    writeFileSync(
      script,
      `import { createServer } from 'node:net'
       createServer().listen(process.argv[2], () => process.send('up'))`,
    )
    const child = fork(script, [path])
    await new Promise((resolve) => child.once('message', resolve))
    const dead = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await dead
    expect(statSync(path).isSocket()).toBe(true)
    expect(await readStatus(path)).toEqual({ kind: 'not-running' })
    await serve(path).find(listening)
    expect(await readStatus(path)).toMatchObject({ kind: 'status' })
  })

  test('of an agent that still answers is waited for', async () => {
    const path = join(folder, 'four.sock')
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(path, resolve))
    const told = serve(path)
    await told.find(({ kind }) => kind === 'waiting')
    await new Promise((resolve) => other.once('connection', resolve))
    expect(told.items.some(listening)).toBe(false)
    await closed(other)
    await told.find(listening)
    expect(await readStatus(path)).toMatchObject({ kind: 'status' })
  })

  test('a file that is no socket is left alone', async () => {
    const path = join(folder, 'five.sock')
    writeFileSync(path, 'precious')
    const told = serve(path)
    await told.find(() => told.items.length > 2)
    expect(statSync(path).size).toBe(8)
  })

  test('one that says nothing is not waited for forever', async () => {
    const path = join(folder, 'six.sock')
    const mute = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => mute.listen(path, resolve))
    const reason = `${path}: no answer within 50 ms`
    expect(await readStatus(path, { timeoutMs: 50 })).toEqual({ kind: 'failed', reason })
    await closed(mute)
  })
})

function text(status: Status): string {
  const look = { colour: false, columns: undefined, wide: false }
  return printStatus(statusView(status, { all: false }), status, look)
}

describe('the text', () => {
  test('of an agent in trouble names all of it', () => {
    const status = make(troubled, [web])
    expect(text(status)).toBe(`\
node-a  nodelb 1.2.3, no backend yet, up 2 min  NOT READY
  Rules    last commit 00:01:00 (1 min ago): 3 operations in 4 ms; not ours alone: switched off
  Follows  1 Service, 2 EndpointSlices, 1 Node
  Repairs  none since the start

10 to look at
  node-a    not ready: the kernel took no change: EPERM\\u001b[31m
  node-a    commits fail for 1 min: EPERM\\u001b[31m
  node-a    tables of kube-proxy are present: ip kube-proxy
  node-a    endpointslices are not followed for 2 min: starting
  node-a    nodes are not followed for 1 min: lost: list nodes: 403: no
  shop/big  stays as it was, for the kernel refuses it: ENOMEM
  shop/b    203.0.113.9:80/tcp is served for shop/a, which goes before
  shop/c    Service shop/c: what
  shop/c    why
  shop/d    health-check port 30123 cannot be opened: in use

SERVICE   ADDRESS       PORTS  ENDPOINTS  STATE
shop/web  203.0.113.10  80     1 here, 2  serves, Local
`)
  })

  test('of an agent that starts is short', () => {
    const lines = text(make([], [])).split('\n')
    expect(lines).toContain('  Rules    no commit yet')
  })

  test('of objects says which Service suffers from them, until they are in order', () => {
    const object = 'EndpointSlice shop/web-1'
    const wrong: Occurrence = {
      event: 'object-invalid',
      object,
      service: 'shop/web',
      problems: ['no'],
    }
    expect(make([wrong], []).invalid).toEqual([{ object, service: 'shop/web', problems: ['no'] }])
    expect(make([wrong, { event: 'object-in-order', object }], []).invalid).toEqual([])
    const noted: Occurrence = { event: 'object-invalid', object, problems: ['no'] }
    expect(make([wrong, noted], []).invalid).toMatchObject([{ service: null }])
  })

  test('of repairs has those of a day', () => {
    const repaired: Occurrence = { event: 'drift-repaired', operations: 2, found: 'x' }
    const now = 30 * 3_600_000
    const state = newState(0)
    for (let hour = 0; hour < 6; hour++) follow(state, repaired, hour * 3_600_000)
    expect(statusOf(state, { ...SOURCE, services: () => [] }, now).repairs).toEqual([])
    for (let at = 0; at < 150; at++) follow(state, repaired, now)
    const { repairs } = statusOf(state, { ...SOURCE, services: () => [] }, now)
    expect(repairs).toHaveLength(100)
    expect(repairs.at(-1)).toMatchObject({ operations: 2 })
  })
})
