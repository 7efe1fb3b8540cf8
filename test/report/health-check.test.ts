import { afterEach, describe, expect, test } from 'vitest'
import { localEndpoints } from '../../src/frontend/local-endpoints.ts'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import type { NodeView } from '../../src/model/node.ts'
import type { SliceEndpoint, SliceObject } from '../../src/model/service.ts'
import { type HealthCheckState, HealthChecks } from '../../src/report/health-checks/health-check.ts'
import {
  healthCheckAddresses,
  ownAddresses,
} from '../../src/report/health-checks/health-check-addresses.ts'
import { ask, connected, freePort, refusal, takePort } from '../support/asking.ts'
import { Recorder } from '../support/recorder.ts'

const loopback = '127.0.0.1' as Address
const open: HealthChecks[] = []
afterEach(() => {
  for (const checks of open.splice(0)) checks.close()
})

interface Said {
  readonly port: number
  readonly state: HealthCheckState
}

function start(healthy = () => true, addresses: readonly (Address | undefined)[] = [loopback]) {
  const told = new Recorder<Said>()
  const checks = new HealthChecks({
    addresses,
    healthy,
    onState: (port, _, state) => told.add({ port, state }),
    retry: { first: 5, most: 60_000, factor: 2, jitter: 0 },
  })
  open.push(checks)
  return { checks, told }
}

const web = (endpoints: number) => ({ namespace: 'shop', name: 'web', localEndpoints: endpoints })

describe('the answer is that of kube-proxy', () => {
  test.each([
    { endpoints: 2, healthy: true, status: 200 },
    { endpoints: 0, healthy: true, status: 503 },
    { endpoints: 2, healthy: false, status: 503 },
  ])('$endpoints endpoints, healthy $healthy: $status', async ({ endpoints, healthy, status }) => {
    const port = await freePort()
    const { checks } = start(() => healthy)
    checks.set(port, web(endpoints))
    const got = await ask(port)
    expect(got.status).toBe(status)
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': `${endpoints}`,
    })
    expect(got.body).toBe(
      [
        '{',
        '\t"service": {',
        '\t\t"namespace": "shop",',
        '\t\t"name": "web"',
        '\t},',
        `\t"localEndpoints": ${endpoints},`,
        `\t"serviceProxyHealthy": ${healthy}`,
        '}',
      ].join('\n'),
    )
  })

  test('on every path, and to HEAD without the body', async () => {
    const port = await freePort()
    const { checks } = start()
    checks.set(port, web(1))
    expect((await ask(port, '/healthz?x')).status).toBe(200)
    expect(await ask(port, '/', 'HEAD')).toMatchObject({ status: 200, body: '' })
  })

  test('follows the count and the health of the moment', async () => {
    const port = await freePort()
    let healthy = true
    const { checks } = start(() => healthy)
    checks.set(port, web(1))
    expect((await ask(port)).status).toBe(200)
    checks.set(port, web(0))
    expect((await ask(port)).headers['x-load-balancing-endpoint-weight']).toBe('0')
    checks.set(port, web(3))
    healthy = false
    expect(await ask(port)).toMatchObject({ status: 503 })
  })
})

describe('ports', () => {
  test('those wanted are open, each for its Service, and no others', async () => {
    const [a, b, c] = [await freePort(), await freePort(), await freePort()]
    const { checks } = start()
    checks.sync(new Map([a, b].map((port) => [port, { ...web(1), name: `web-${port}` }])))
    expect(JSON.parse((await ask(b)).body)).toMatchObject({ service: { name: `web-${b}` } })
    checks.sync(new Map([b, c].map((port) => [port, { ...web(1), name: `web-${port}` }])))
    expect(await refusal(a)).toBe('ECONNREFUSED')
    expect(JSON.parse((await ask(c)).body)).toMatchObject({ service: { name: `web-${c}` } })
    expect(checks.open).toBe(2)
  })

  test('a port that another process has is told, tried again, and told when it opens', async () => {
    const { port, free } = await takePort()
    const { checks, told } = start()
    checks.set(port, web(1))
    const waiting = await told.find(() => true)
    expect(waiting).toEqual({
      port,
      state: { kind: 'waiting', reason: '127.0.0.1: another process uses it (EADDRINUSE)' },
    })
    expect(checks.open).toBe(0)
    await free()
    await told.find(({ state }) => state.kind === 'open')
    expect((await ask(port)).status).toBe(200)
    expect(checks.open).toBe(1)
  })

  test('a port that is not wanted any more is not waited for', async () => {
    const { port, free } = await takePort()
    const { checks, told } = start()
    checks.set(port, web(1))
    await told.find(({ state }) => state.kind === 'waiting')
    checks.set(port, undefined)
    expect(told.items.at(-1)?.state.kind).toBe('open')
    const end = told.items.length
    await free()
    const again = await takePort(port)
    await again.free()
    expect(told.items).toHaveLength(end)
  })

  test('a port that is wanted for a moment only does not stay open', async () => {
    const [port, next] = [await freePort(), await freePort()]
    const { checks } = start()
    checks.set(port, web(1))
    checks.set(port, undefined)
    checks.set(next, web(1))
    expect((await ask(next)).status).toBe(200)
    expect(await refusal(port)).toBe('ECONNREFUSED')
  })

  test('an address that this node lacks does not close the others', async () => {
    const port = await freePort()
    const { checks, told } = start(() => true, ['192.0.2.1' as Address, loopback])
    checks.set(port, web(1))
    expect((await told.find(() => true)).state).toMatchObject({
      reason: '192.0.2.1: no interface of this node has the address (EADDRNOTAVAIL)',
    })
    expect((await ask(port)).status).toBe(200)
    checks.listenOn([loopback])
    expect(told.items.at(-1)?.state.kind).toBe('open')
    expect((await ask(port)).status).toBe(200)
  })

  test('the addresses can change', async () => {
    const port = await freePort()
    const { checks } = start(() => true, [loopback])
    checks.set(port, web(1))
    expect((await ask(port)).status).toBe(200)
    checks.listenOn(['127.0.0.2' as Address])
    expect((await ask(port, '/', 'GET', '127.0.0.2')).status).toBe(200)
    expect(await refusal(port)).toBe('ECONNREFUSED')
  })

  test('closing waits for no connection', async () => {
    const port = await freePort()
    const { checks } = start()
    checks.set(port, web(1))
    const idle = await connected(port)
    const half = await connected(port)
    half.write('GET / HTTP/1.1\r\nHost: ')
    await ask(port)
    const ended = [idle, half].map(
      (socket) => new Promise((resolve) => socket.on('close', resolve)),
    )
    checks.set(port, undefined)
    await Promise.all(ended)
    expect(await refusal(port)).toBe('ECONNREFUSED')
  })

  test('who asks in no HTTP gets an error, and the port goes on', async () => {
    const port = await freePort()
    const { checks } = start()
    checks.set(port, web(1))
    const socket = await connected(port)
    const ended = new Promise((resolve) => socket.on('close', resolve))
    socket.resume()
    socket.write('\x16\x03\x01nonsense\r\n\r\n')
    await ended
    expect((await ask(port)).status).toBe(200)
  })

  test('a thousand connections that say nothing do not keep a probe out', async () => {
    const port = await freePort()
    const { checks } = start()
    checks.set(port, web(1))
    await ask(port)
    const idle = await Promise.all(Array.from({ length: 1_100 }, () => connected(port)))
    for (const socket of idle) socket.on('error', () => {})
    expect((await ask(port)).status).toBe(200)
    for (const socket of idle) socket.destroy()
  })
})

describe('on which addresses', () => {
  const node: NodeView = {
    name: 'node-a',
    zone: undefined,
    addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'] as Address[],
    podCidrs: [],
  }
  const own = ['127.0.0.1', '192.0.2.1', '198.51.100.7', '2001:db8::1'] as Address[]

  test('primary: the first of each family', () => {
    const found = healthCheckAddresses({ kind: 'primary' }, node, own)
    expect(found).toEqual(['192.0.2.1', '2001:db8::1'])
  })
  test('all: any', () => {
    expect(healthCheckAddresses({ kind: 'all' }, node, own)).toEqual([undefined])
  })
  test('ranges: what the interfaces have in them', () => {
    const ranges = ['198.51.100.0/24', '2001:db8::/64'] as Cidr[]
    const found = healthCheckAddresses({ kind: 'ranges', ranges, wholeFamilies: [] }, node, own)
    expect(found).toEqual(['198.51.100.7', '2001:db8::1'])
  })
  test('a family without ranges: all that the interfaces have of it', () => {
    const ranges = ['2001:db8:9::/64'] as Cidr[]
    const chosen = { kind: 'ranges', ranges, wholeFamilies: ['ipv4'] } as const
    const found = healthCheckAddresses(chosen, node, own)
    expect(found).toEqual(['127.0.0.1', '192.0.2.1', '198.51.100.7'])
  })
  test('the loopback address is among those of this machine', () => {
    expect(ownAddresses()).toContain('127.0.0.1')
  })
})

describe('local endpoints', () => {
  const at = (address: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint => ({
    address: address as Address,
    nodeName: 'node-a',
    ready: true,
    serving: true,
    terminating: false,
    zones: undefined,
    nodes: undefined,
    ...more,
  })
  const slice = (endpoints: SliceEndpoint[], more: Partial<SliceObject> = {}): SliceObject => ({
    namespace: 'shop',
    name: 'web-1',
    service: 'web',
    family: 'ipv4',
    ports: [{ name: '', protocol: 'tcp', port: 8080 as Port }],
    endpoints,
    ...more,
  })

  test.each<{ name: string; slices: SliceObject[]; count: number }>([
    { name: 'none', slices: [], count: 0 },
    {
      name: 'those of other nodes do not count',
      slices: [slice([at('10.0.0.1'), at('10.0.1.1', { nodeName: 'node-b' })])],
      count: 1,
    },
    {
      name: 'terminating ones do not count, though they may still serve',
      slices: [slice([at('10.0.0.1', { ready: false, terminating: true })])],
      count: 0,
    },
    {
      name: 'an address in two slices counts once',
      slices: [slice([at('10.0.0.1')]), slice([at('10.0.0.1'), at('10.0.0.2')], { name: 'web-2' })],
      count: 2,
    },
    {
      name: 'an address in two slices is here if either says so',
      slices: [
        slice([at('10.0.0.1', { nodeName: undefined })]),
        slice([at('10.0.0.1', { ready: false })], { name: 'web-2' }),
      ],
      count: 1,
    },
    {
      name: 'a pod with an address of each family counts once',
      slices: [slice([at('10.0.0.1')]), slice([at('2001:db8::1')], { family: 'ipv6' })],
      count: 1,
    },
    {
      name: 'a slice without ports leads nowhere',
      slices: [slice([at('10.0.0.1')], { ports: [] })],
      count: 0,
    },
  ])('$name', ({ slices, count }) => {
    expect(localEndpoints(slices, 'node-a')).toBe(count)
  })
})
