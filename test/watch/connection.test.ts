import { createServer } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { ApiClient } from '../../src/watch/api/client.ts'
import { connect, messageOf } from '../../src/watch/api/connection.ts'
import type { Place } from '../../src/watch/api/credentials.ts'
import { listen } from '../support/proxies.ts'
import { ScriptedApi } from '../support/scripted-api.ts'

const never = new AbortController().signal
const tls = {
  ...{ ca: undefined, cert: undefined, key: undefined, servername: undefined },
  rejectUnauthorized: true,
}

afterEach(() => {
  vi.useRealTimers()
})

test.each<[string, Place['proxy'], string]>([
  ['https://127.0.0.2', { kind: 'none' }, 'connect ECONNREFUSED 127.0.0.2:443'],
  ['http://127.0.0.2', { kind: 'none' }, 'connect ECONNREFUSED 127.0.0.2:80'],
  [
    'https://127.0.0.2:1',
    { kind: 'socks5', url: new URL('socks5://127.0.0.3') },
    'the proxy 127.0.0.3: connect ECONNREFUSED 127.0.0.3:1080',
  ],
])('%s without a port is asked at the usual one', async (server, proxy, reason) => {
  const place = { server: new URL(server), proxy, tls }
  await expect(connect(place, never)).rejects.toThrow(reason)
})

test('of a name with several addresses each is told with its failure', () => {
  const all = [new Error('connect ECONNREFUSED ::1:1'), 'connect ECONNREFUSED 127.0.0.1:1']
  expect(messageOf(new AggregateError(all))).toBe(
    'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
  )
})

test('a server that takes the connection and says nothing is given up after 30 s', async () => {
  const port = await listen(createServer())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const place: Place = {
    server: new URL(`https://127.0.0.1:${port}`),
    proxy: { kind: 'none' },
    tls,
  }
  const connecting = expect(connect(place, never)).rejects.toThrow('no connection within 30 s')
  await vi.advanceTimersByTimeAsync(30_000)
  await connecting
})

test('a connection that nobody wants any more is not made', async () => {
  const port = await listen(createServer())
  const place: Place = { server: new URL(`http://127.0.0.1:${port}`), proxy: { kind: 'none' }, tls }
  await expect(connect(place, AbortSignal.abort())).rejects.toThrow('stopped')
})

async function ask(script: Parameters<typeof ScriptedApi.start>[0]) {
  const api = await ScriptedApi.start(script)
  const client = new ApiClient(api.location(), 'nodelb-test')
  const answer = await client.fetch({ path: '/x', signal: never })
  client.close()
  return answer
}

test('an answer to a request that is no list is refused above 4 MiB', async () => {
  expect(await ask((_, answer) => answer.end('x'.repeat(5 << 20)))).toEqual({
    kind: 'broken',
    reason: '200 with more than 4 MiB',
  })
})

test('a date in Retry-After is compared with our clock where the server tells no time', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString()
  const answer = await ask((_, reply) => {
    reply.sendDate = false
    reply.writeHead(503, { 'retry-after': inAnHour }).end('later')
  })
  expect(answer).toMatchObject({ status: 503, retryAfterMs: 60_000 })
})
