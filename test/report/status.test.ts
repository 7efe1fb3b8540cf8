import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { printStatus } from '../../src/cli/status/status-text.ts'
import { Waits } from '../../src/model/retry.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { follow } from '../../src/report/status/state.ts'
import { type ServiceSummary, type Status, statusOf } from '../../src/report/status/status.ts'
import { readStatus, serveStatus } from '../../src/report/status/status-socket.ts'
import type { HttpServer } from '../../src/telemetry/http.ts'
import type { ListenState } from '../../src/telemetry/listen.ts'
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
  return statusOf(state, {
    version: '1.2.3',
    node: 'node-a',
    objects: () => ({ services: 1, endpointslices: 2 }),
    services: () => services,
    announce: { view: () => undefined, bgp: () => undefined },
  })
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
    expect(await readStatus(path, 50)).toEqual({ kind: 'failed', reason })
    await closed(mute)
  })
})

describe('the text', () => {
  test('of an agent in trouble names all of it', () => {
    const text = printStatus({ ...make(troubled, [web]), pid: 7 })
    expect(text).toBe(`\
nodelb 1.2.3 on node-a, process 7, since 1970-01-01T00:00:00.000Z
NOT READY: the kernel took no change: EPERM\\u001b[31m
last commit 1970-01-01T00:01:00.000Z: 3 operations in 4 ms
kernel verified 1970-01-01T00:01:00.000Z (no backend), all read and compared 1970-01-01T00:01:00.000Z
commits fail since 1970-01-01T00:01:00.000Z: EPERM\\u001b[31m
tables: not owned: switched off
objects: 1 services, 2 endpointslices
watches:
  services: following (since 1970-01-01T00:01:00.000Z)
  endpointslices: starting (since 1970-01-01T00:00:00.000Z)
  nodes: lost: list nodes: 403: no (since 1970-01-01T00:01:00.000Z)

Conditions:
  tables of kube-proxy are present: ip kube-proxy

Refused by the kernel:
  shop/big: ENOMEM (since 1970-01-01T00:01:00.000Z)

Contested addresses:
  shop/b: 203.0.113.9:80/tcp belongs to shop/a

Health check ports that cannot be opened:
  shop/d: 30123: in use

Problems of objects:
  Service shop/c: what
  why

Services (1):
  shop/web: 203.0.113.10:80/tcp [2001:db8::10]:80/tcp 203.0.113.9:80/tcp (contested), 2 endpoints, 1 of them here, externalTrafficPolicy Local, address of pool production
`)
  })

  test('of an agent that starts is short', () => {
    const lines = printStatus(make([], [])).split('\n')
    expect(lines).toContain('no commit yet')
    expect(lines.filter((line) => /^[A-Z].*:$/.test(line))).toEqual([])
  })

  test('of many Services counts the rest', () => {
    const text = printStatus(
      make(
        [],
        Array.from({ length: 250 }, () => web),
      ),
    )
    expect(text).toContain('Services (250):\n')
    expect(text).toContain('  and 150 more (-o json has all)\n')
  })
})
