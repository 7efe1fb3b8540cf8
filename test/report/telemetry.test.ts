import { describe, expect, test } from 'vitest'
import type { TelemetryOptions } from '../../src/report/telemetry.ts'
import { NODE_RESOURCES } from '../../src/watch/resources.ts'
import { ask, connected, freePort, refusal, takePort } from '../support/asking.ts'
import { eventually } from '../support/eventually.ts'
import { commit, startTelemetryWithLog as start } from './logged-telemetry.ts'

async function serving(more: Partial<TelemetryOptions> = {}) {
  const port = await freePort()
  const started = start({ listen: { host: '127.0.0.1', port }, ...more })
  await eventually(async () => (await refusal(port)) === undefined)
  return { port, ...started }
}

describe('probes', () => {
  test('ready from the first commit on, unready while commits fail and at the end', async () => {
    const { port, telemetry } = await serving()
    const ready = () => ask(port, '/readyz')
    expect(await ready()).toMatchObject({
      status: 503,
      body: 'nothing is committed yet: waiting for the first list of services, endpointslices, nodes\n',
    })
    telemetry.watch('services', { kind: 'following', resourceVersion: '1' })
    telemetry.watch('nodes', { kind: 'lost', reason: 'list nodes: 403: no', retryMs: 10 })
    expect((await ready()).body).toMatch(
      /first list of endpointslices, nodes \(list nodes: 403: no/,
    )
    for (const resource of NODE_RESOURCES) {
      telemetry.watch(resource, { kind: 'following', resourceVersion: '2' })
    }
    expect((await ready()).body).toContain('the first commit is being made')
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect(await ready()).toMatchObject({ status: 200, body: 'ready\n' })
    telemetry.tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await ready()).toMatchObject({ status: 503, body: 'the kernel took no change: EPERM\n' })
    expect((await ask(port, '/livez')).status).toBe(200)
    expect(telemetry.healthy()).toBe(true)
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect((await ready()).status).toBe(200)
    telemetry.watch('services', { kind: 'lost', reason: 'gone', retryMs: 10 })
    expect((await ready()).status).toBe(200)
    telemetry.tell({ event: 'agent-stopping', reason: 'SIGTERM', rules: 'stay' })
    expect(await ready()).toMatchObject({ status: 503, body: 'the agent ends: SIGTERM\n' })
    expect((await ask(port, '/livez')).status).toBe(200)
  })

  test('/healthz answers as that of kube-proxy, 503 while the node is leaving', async () => {
    const { port, telemetry } = await serving()
    const good = await ask(port, '/healthz')
    expect(good.status).toBe(200)
    expect(good.headers['content-type']).toBe('application/json')
    expect(JSON.parse(good.body)).toEqual({
      lastUpdated: expect.any(String),
      currentTime: expect.any(String),
      nodeEligible: true,
    })
    telemetry.tell({ event: 'node-leaving', reason: 'taint ToBeDeletedByClusterAutoscaler' })
    const bad = await ask(port, '/healthz')
    expect(bad.status).toBe(503)
    expect(JSON.parse(bad.body)).toMatchObject({ nodeEligible: false })
    expect((await ask(port, '/livez')).status).toBe(200)
    telemetry.tell({ event: 'node-staying' })
    expect((await ask(port, '/healthz')).status).toBe(200)
  })

  test('nothing else is there, and nothing is changed', async () => {
    const { port } = await serving()
    expect((await ask(port, '/')).status).toBe(404)
    expect((await ask(port, '/metrics', 'POST')).status).toBe(405)
    expect(await ask(port, '/livez?verbose', 'HEAD')).toMatchObject({ status: 200, body: '' })
  })
})

describe('the server', () => {
  test('an address in use is told once and taken when it is free', async () => {
    const { port, free } = await takePort()
    const { telemetry, logged } = start({ listen: { host: '127.0.0.1', port } })
    await eventually(async () => logged().some(({ event }) => event === 'server-waiting'))
    expect(logged().at(-1)).toMatchObject({
      level: 'error',
      address: `127.0.0.1:${port}`,
      reason: 'another process uses it (EADDRINUSE)',
    })
    telemetry.tell({ event: 'kernel-committed', ...commit })
    await free()
    await eventually(async () => logged().some(({ event }) => event === 'server-listening'))
    expect((await ask(port, '/readyz')).status).toBe(200)
  })

  test('a close waits for no connection', async () => {
    const { port, telemetry } = await serving()
    const idle = await connected(port)
    const half = await connected(port)
    half.write('GET /metrics HTTP/1.1\r\n')
    const ended = [idle, half].map(
      (socket) => new Promise((resolve) => socket.on('close', resolve)),
    )
    await telemetry.close()
    await Promise.all(ended)
    expect(await refusal(port)).toBe('ECONNREFUSED')
  })

  test('more connections than it takes are closed, not held', async () => {
    const { port } = await serving()
    const many = await Promise.all(Array.from({ length: 150 }, () => connected(port)))
    await Promise.race(many.map((socket) => new Promise((resolve) => socket.on('close', resolve))))
    for (const socket of many) socket.destroy()
    await eventually(async () => {
      return ask(port, '/livez')
        .then(({ status }) => status === 200)
        .catch(() => false)
    })
    expect((await ask(port, '/livez')).status).toBe(200)
  })
})
