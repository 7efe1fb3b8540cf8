import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { isOurHost } from '../../src/controller/page/hosts.ts'
import { PageServer } from '../../src/controller/page/page-server.ts'
import { plain } from '../../src/telemetry/http.ts'
import { ask, connected, freePort } from '../support/asking.ts'
import { Recorder } from '../support/recorder.ts'

const servers: PageServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.close()))
})

interface Started {
  readonly server: PageServer
  readonly port: number
  /** How many browsers look, each time that it changes. */
  readonly viewers: Recorder<number>
}

async function start(): Promise<Started> {
  const port = await freePort()
  const states = new Recorder<string>()
  const viewers = new Recorder<number>()
  const server = new PageServer({
    listen: { host: '127.0.0.1', port },
    assets: new Map([['/page.css', plain(200, 'body {}')]]),
    page: async (query) => {
      if (query.get('to') === 'bug') throw new Error('a bug')
      return plain(200, `the page ${query}`)
    },
    viewers: (count) => viewers.add(count),
    onState: ({ kind }) => states.add(kind),
  })
  servers.push(server)
  await states.find((kind) => kind === 'listening')
  return { server, port, viewers }
}

/** Asks with this Host. */
function asHost(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.on('error', reject).end()
  })
}

/** A browser that waits for changes. */
async function look(port: number) {
  const heard = new Recorder<string>()
  const asked = request({ port, host: '127.0.0.1', path: '/events', agent: false })
  const status = await new Promise<number>((resolve, reject) => {
    asked.on('error', reject).on('response', (answer) => {
      answer.setEncoding('utf8').on('data', (text: string) => heard.add(text))
      answer.on('error', () => undefined).on('close', () => heard.add('closed'))
      resolve(answer.statusCode ?? 0)
    })
    asked.end()
  })
  return { status, heard, leave: () => asked.destroy() }
}

describe('the server of the page', () => {
  test('answers GET and HEAD, and nothing else', async () => {
    const { port } = await start()
    expect(await ask(port, '/?to=x')).toMatchObject({ status: 200, body: 'the page to=x\n' })
    expect(await ask(port, '/', 'HEAD')).toMatchObject({ status: 200, body: '' })
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask(port, '/', method)
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD'])
    }
    expect((await ask(port, '/events', 'POST')).status).toBe(405)
  })

  test('has its assets, and nothing where there is nothing', async () => {
    const { port } = await start()
    expect(await ask(port, '/page.css')).toMatchObject({ status: 200, body: 'body {}\n' })
    for (const path of ['/metrics', '/../etc/passwd', '//', '/page.css/', '/%00']) {
      expect([path, (await ask(port, path)).status]).toEqual([path, 404])
    }
  })

  test('says in its headers that nothing is loaded from elsewhere, kept or framed', async () => {
    const { port } = await start()
    for (const path of ['/', '/page.css', '/nothing']) {
      const { headers } = await ask(port, path)
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(
          /^default-src 'self'; .*frame-ancestors 'none'/,
        ),
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      })
      expect(headers).not.toHaveProperty('set-cookie')
    }
  })

  test('refuses a name that is not its own', async () => {
    const { port } = await start()
    const hosts = [`127.0.0.1:${port}`, 'localhost:8080', 'evil.example', '192.0.2.1']
    expect(await Promise.all(hosts.map((host) => asHost(port, host)))).toEqual([200, 200, 421, 421])
  })

  test('outlives a bug in the page', async () => {
    const { port } = await start()
    expect(await ask(port, '/?to=bug')).toMatchObject({ status: 500, body: 'a bug\n' })
    expect((await ask(port, '/')).status).toBe(200)
  })
})

describe('browsers that look', () => {
  test('are told of changes, counted, and let go', async () => {
    const { server, port, viewers } = await start()
    const first = await look(port)
    await viewers.find((count) => count === 1)
    server.changed()
    await first.heard.find((text) => text.includes('data: changed\n\n'))
    first.leave()
    await viewers.find((count) => count === 0)
  })

  test('are no more than 32, and the page is there for the next one all the same', async () => {
    const { port } = await start()
    const all = await Promise.all(Array.from({ length: 32 }, () => look(port)))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await look(port)).status).toBe(503)
    expect((await ask(port, '/')).status).toBe(200)
  })

  test('do not keep it from ending, and neither do idle clients', async () => {
    const { server, port } = await start()
    const { heard } = await look(port)
    const idle = await connected(port)
    const closed = new Promise<void>((resolve) => idle.on('close', () => resolve()))
    await server.close()
    await heard.find((text) => text === 'closed')
    await closed
  })
})

test.each<[string | undefined, string | undefined, boolean]>([
  ['localhost', '127.0.0.1', true],
  ['LOCALHOST:10268', '127.0.0.1', true],
  ['127.0.0.1:1', '127.0.0.1', true],
  ['[::1]:10268', '127.0.0.1', true],
  ['10.0.0.5:10268', '10.0.0.5', true],
  ['10.0.0.6:10268', '10.0.0.5', false],
  ['10.0.0.6', undefined, true],
  ['[fd00::5]:10268', 'fd00::5', true],
  ['[fd00::6]', undefined, true],
  ['localhost.evil.example', undefined, false],
  ['evil.example', undefined, false],
  ['127.0.0.1.evil.example', '127.0.0.1', false],
  ['localhost:10268:1', '127.0.0.1', false],
  ['user@localhost', '127.0.0.1', false],
  ['', '127.0.0.1', false],
  [undefined, '127.0.0.1', false],
])('Host %s at a listener of %s: %s', (header, host, is) => {
  expect(isOurHost(header, { host, port: 10268 })).toBe(is)
})
