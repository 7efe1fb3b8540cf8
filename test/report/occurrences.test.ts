import { describe, expect, test } from 'vitest'
import { statusView } from '../../src/view/status-view.ts'
import { NODE_RESOURCES } from '../../src/watch/resources.ts'
import { commit, startTelemetryWithLog as start } from './logged-telemetry.ts'

describe('one occurrence reaches all', () => {
  test('programming latency counts what changes after the first commit, in its commit', async () => {
    const { telemetry } = start()
    const counted = async () => {
      const text = await telemetry.metrics.text()
      return Number(/^nodelb_programming_duration_seconds_count (\d+)$/m.exec(text)?.[1])
    }
    telemetry.sliceChanged(undefined, 'ipv4')
    telemetry.attempting()
    telemetry.sliceChanged(undefined, 'ipv4')
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect(await counted()).toBe(0)
    telemetry.sliceChanged(undefined, 'ipv4')
    telemetry.attempting()
    telemetry.sliceChanged(undefined, 'ipv4')
    telemetry.tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await counted()).toBe(0)
    telemetry.attempting()
    telemetry.sliceChanged(undefined, 'ipv4')
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect(await counted()).toBe(2)
  })

  test('a Node that is missing is told until it is there', () => {
    const { telemetry, logged } = start()
    telemetry.tell({ event: 'node-found', node: 'node-a' })
    telemetry.tell({ event: 'node-missing', node: 'node-a' })
    telemetry.tell({ event: 'node-missing', node: 'node-a' })
    for (const resource of NODE_RESOURCES) {
      telemetry.watch(resource, { kind: 'following', resourceVersion: '2' })
    }
    expect(telemetry.status().reason).toContain('there is no Node node-a')
    telemetry.tell({ event: 'node-found', node: 'node-a' })
    expect(telemetry.status().reason).not.toContain('there is no Node')
    const events = logged().map(({ event }) => String(event))
    expect(events.filter((event) => event.startsWith('node-'))).toEqual([
      'node-missing',
      'node-found',
    ])
  })

  test('log, metrics and status tell the same of a refused Service', async () => {
    const { telemetry, logged } = start()
    const refused = { event: 'service-refused', service: 'shop/web' } as const
    telemetry.tell({ ...refused, reason: 'ENOMEM' })
    telemetry.tell({ ...refused, reason: 'ENOMEM' })
    expect(logged()).toMatchObject([{ event: 'service-refused', service: 'shop/web' }])
    expect(await telemetry.metrics.text()).toContain('\nnodelb_rejected_services 1\n')
    expect(telemetry.status().refused).toMatchObject([{ service: 'shop/web', reason: 'ENOMEM' }])
    telemetry.tell({ event: 'service-accepted', service: 'shop/web' })
    expect(await telemetry.metrics.text()).toContain('\nnodelb_rejected_services 0\n')
    expect(telemetry.status().refused).toEqual([])
  })

  test('the first commit is told as such, failures and their end once', () => {
    const { telemetry, logged } = start()
    telemetry.tell({ event: 'kernel-committed', ...commit })
    telemetry.tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    telemetry.tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    telemetry.tell({ event: 'kernel-committed', ...commit })
    telemetry.tell({ event: 'kernel-committed', ...commit })
    expect(logged().map(({ event }) => event)).toEqual([
      'kernel-committed',
      'agent-ready',
      'commit-failed',
      'kernel-committed',
      'commits-resumed',
      'kernel-committed',
    ])
  })

  test('no secret gets through', async () => {
    const { telemetry, logged } = start()
    const reason = 'list services: Bearer abcdefghijkl was not taken'
    telemetry.watch('services', { kind: 'lost', reason, retryMs: 1 })
    telemetry.tell({ event: 'commit-failed', reason: 'https://me:word@host', durationMs: 1 })
    const all = JSON.stringify([logged(), telemetry.status(), await telemetry.metrics.text()])
    expect(all).toContain('[secret]')
    expect(all).not.toMatch(/abcdefghijkl|me:word/)
  })

  test('what is to be settled about addresses comes and goes', () => {
    const { telemetry, logged } = start()
    const object = 'Service/shop/web'
    telemetry.tell({ event: 'allocation-problem', object, problems: ['It waits', 'It asks'] })
    telemetry.tell({ event: 'allocation-problem', object, problems: ['It waits', 'It asks'] })
    const lost = { event: 'addresses-not-saved', folder: '/state', reason: 'full' } as const
    telemetry.tell(lost)
    telemetry.tell(lost)
    expect(telemetry.status()).toMatchObject({
      allocation: [
        { object, problem: 'It waits' },
        { object, problem: 'It asks' },
      ],
      conditions: ['addresses are not saved, so a restart may change them: /state: full'],
    })
    expect(statusView(telemetry.status(), { all: false }).matters.slice(-2)).toEqual([
      { about: 'shop/web', text: 'It waits' },
      { about: 'shop/web', text: 'It asks' },
    ])
    telemetry.tell({ event: 'allocation-in-order', object })
    telemetry.tell({ event: 'addresses-saved', folder: '/state' })
    telemetry.tell({ event: 'addresses-saved', folder: '/state' })
    expect(telemetry.status()).toMatchObject({ allocation: [], conditions: [] })
    expect(logged().map(({ event }) => event)).toEqual([
      'allocation-problem',
      'addresses-not-saved',
      'allocation-in-order',
      'addresses-saved',
    ])
  })

  test('problems of an object come and go', () => {
    const { telemetry, logged } = start()
    const problem = {
      severity: 'error',
      source: 'API server',
      kind: 'Service',
      name: 'shop/web',
      path: 'spec.ports[0].port',
      found: '70000',
      expected: 'a port from 1 to 65535',
      effect: undefined,
    } as const
    telemetry.problems('Service shop/web', [problem])
    expect(telemetry.status().problems).toEqual([
      'API server: Service shop/web: spec.ports[0].port: found 70000, expected a port from 1 to 65535',
    ])
    telemetry.problems('Service shop/web', [{ ...problem, severity: 'note' }])
    expect(telemetry.status().problems).toEqual([])
    telemetry.problems('Service shop/web', [])
    expect(logged().map(({ event }) => event)).toEqual([
      'object-invalid',
      'object-noted',
      'object-in-order',
    ])
  })
})
