import { describe, expect, test } from 'vitest'
import { ask, connected, freePort, refusal, takePort } from '../support/asking.ts'
import { eventually } from '../support/eventually.ts'
import { commit, startTelemetryWithLog as start } from './logged-telemetry.ts'

const listening = (port: number) => eventually(async () => (await refusal(port)) === undefined)
const at = (port: number) => ({ host: '127.0.0.1', port })
const nowhere = { healthz: undefined, metrics: undefined }

async function standIn() {
  const [healthz, metrics] = [await freePort(), await freePort()]
  const started = start()
  started.telemetry.answerAsKubeProxy({ healthz: at(healthz), metrics: at(metrics) })
  await Promise.all([listening(healthz), listening(metrics)])
  return { healthz, metrics, ...started }
}

describe('in place of kube-proxy', () => {
  test('/healthz and /livez answer as kube-proxy does', async () => {
    const { healthz, telemetry } = await standIn()
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})? \\+0000 UTC'
    const times = `"lastUpdated": "${time}","currentTime": "${time}"`
    const [good, alive] = [await ask(healthz, '/healthz'), await ask(healthz, '/livez')]
    for (const { status, headers } of [good, alive]) {
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
      })
    }
    expect(good.body).toMatch(new RegExp(`^{${times}, "nodeEligible": true}$`))
    expect(alive.body).toMatch(new RegExp(`^{${times}}$`))
    telemetry.tell({ event: 'node-leaving', reason: 'it is being deleted' })
    const leaving = await ask(healthz, '/healthz')
    expect(leaving.status).toBe(503)
    expect(leaving.body).toMatch(
      /^{"lastUpdated": "0001-01-01 00:00:00 \+0000 UTC",.*"nodeEligible": false}$/,
    )
    expect((await ask(healthz, '/livez')).status).toBe(200)
    expect((await ask(healthz, '/metrics')).status).toBe(404)
    const text = await telemetry.metrics.text()
    expect(text).toContain('kubeproxy_proxy_healthz_total{code="200"} 1')
    expect(text).toContain('kubeproxy_proxy_healthz_total{code="503"} 1')
    expect(text).toContain('kubeproxy_proxy_livez_total{code="200"} 2')
  })

  test('metrics, the mode and a health of their own are on the other port', async () => {
    const { metrics, telemetry } = await standIn()
    telemetry.tell({ event: 'backend-chosen', backend: 'iptables', scope: 'all', reason: 'x' })
    expect((await ask(metrics, '/metrics')).body).toContain('nodelb_ready 0')
    expect(await ask(metrics, '/healthz')).toMatchObject({ status: 200, body: 'ok' })
    expect(await ask(metrics, '/proxyMode')).toMatchObject({ status: 200, body: 'iptables' })
  })

  test('a port that kube-proxy has is told once, and taken when it is free', async () => {
    const { port, free } = await takePort()
    const { telemetry, logged } = start()
    telemetry.answerAsKubeProxy({ ...nowhere, healthz: at(port) })
    const told = () => logged().filter(({ server }) => server === 'kube-proxy-healthz')
    await eventually(async () => told().length > 0)
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect(telemetry.status().conditions).toEqual([
      `127.0.0.1:${port}, where nodelb answers in place of kube-proxy, is taken: another process uses it (EADDRINUSE)`,
    ])
    await free()
    await listening(port)
    expect((await ask(port, '/healthz')).status).toBe(200)
    expect(told()).toMatchObject([
      { event: 'kube-proxy-port-taken', level: 'warn', address: `127.0.0.1:${port}` },
      { event: 'server-listening', level: 'info' },
    ])
    expect(telemetry.status().conditions).toEqual([])
  })

  test('follows the configuration, also to a port that it has itself', async () => {
    const { healthz, metrics, telemetry, logged } = await standIn()
    telemetry.answerAsKubeProxy({ healthz: at(metrics), metrics: undefined })
    await eventually(
      async () => (await ask(metrics, '/livez').catch(() => undefined))?.status === 200,
    )
    expect(await refusal(healthz)).toBe('ECONNREFUSED')
    telemetry.answerAsKubeProxy(nowhere)
    await eventually(async () => (await refusal(metrics)) !== undefined)
    const closed = logged().filter(({ event }) => event === 'server-closed')
    expect(closed.map(({ server }) => server).sort()).toEqual([
      'kube-proxy-healthz',
      'kube-proxy-metrics',
    ])
  })

  test('a port that is wanted for a moment only is not held, nor waited for at the end', async () => {
    const { port, free } = await takePort()
    const { telemetry } = start()
    telemetry.answerAsKubeProxy({ ...nowhere, healthz: at(port) })
    telemetry.answerAsKubeProxy(nowhere)
    telemetry.answerAsKubeProxy({ ...nowhere, metrics: at(port) })
    await telemetry.close()
    await free()
    expect(await refusal(port)).toBe('ECONNREFUSED')
  })
})

describe('metrics on an address of their own', () => {
  test('are there, and probes are not; another holder of their port holds up no probe', async () => {
    const [probes, metrics] = [await freePort(), await freePort()]
    const options = { listen: at(probes), metricsListen: at(metrics) }
    const { telemetry } = start(options)
    await Promise.all([listening(probes), listening(metrics)])
    expect((await ask(metrics, '/livez')).status).toBe(404)
    const held = await Promise.all(Array.from({ length: 160 }, () => connected(metrics)))
    for (const socket of held) socket.on('error', () => {})
    for (let i = 0; i < 12; i++) expect((await ask(probes, '/livez')).status).toBe(200)
    expect((await ask(metrics, '/metrics')).status).toBe(200)
    for (const socket of held) socket.destroy()
    expect(telemetry.status().conditions).toEqual([])
  })
})
