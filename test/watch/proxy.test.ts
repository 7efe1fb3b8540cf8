import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { proxyFor } from '../../src/watch/api/proxy.ts'
import { follow, isFollowing, isLost } from '../e2e/support/follow.ts'
import { httpProxy, listen, socksProxy } from '../support/proxies.ts'
import { makeKeyPair, ScriptedApi, serveNothing } from '../support/scripted-api.ts'

const https = new URL('https://10.0.0.1:6443')

function through(server: string, environment: Record<string, string>): string {
  const proxy = proxyFor(new URL(server), undefined, environment)
  if (proxy.kind === 'unusable') return proxy.reason
  return proxy.kind === 'none' ? 'none' : `${proxy.kind} ${proxy.url.host}`
}

describe('the environment', () => {
  test.each<[string, Record<string, string>, string]>([
    ['https://api.example', { HTTPS_PROXY: 'http://proxy:3128' }, 'http proxy:3128'],
    ['https://api.example', { https_proxy: 'http://proxy:3128' }, 'http proxy:3128'],
    ['https://api.example', { HTTPS_PROXY: 'proxy:3128' }, 'http proxy:3128'],
    ['https://api.example', { HTTPS_PROXY: 'https://proxy:3129' }, 'https proxy:3129'],
    ['https://api.example', { HTTPS_PROXY: 'socks5://proxy:1080' }, 'socks5 proxy:1080'],
    ['https://api.example', { HTTP_PROXY: 'http://proxy:3128' }, 'none'],
    ['http://api.example', { HTTP_PROXY: 'http://proxy:3128' }, 'http proxy:3128'],
    ['https://api.example', { HTTPS_PROXY: '' }, 'none'],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://proxy:3128' }, 'none'],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://proxy:3128' }, 'none'],
    ['https://localhost:6443', { HTTPS_PROXY: 'http://proxy:3128' }, 'none'],
    [
      'https://api.example',
      { HTTPS_PROXY: 'ftp://user:secret@proxy' },
      'HTTPS_PROXY: found "ftp://…@proxy", expected http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT',
    ],
  ])('%s with %j: %s', (server, environment, expected) => {
    expect(through(server, environment)).toBe(expected)
  })

  test.each<[string, string, 'none' | 'http proxy:3128']>([
    ['https://10.96.0.1', '*', 'none'],
    ['https://10.96.0.1', '10.96.0.0/12', 'none'],
    ['https://10.96.0.1', '192.0.2.1, 10.96.0.1', 'none'],
    ['https://10.96.0.1:6443', '10.96.0.1:6443', 'none'],
    ['https://10.96.0.1:6443', '10.96.0.1:443', 'http proxy:3128'],
    ['https://10.96.0.1', '10.0.0.0/16', 'http proxy:3128'],
    ['https://10.96.0.1', '96.0.1', 'http proxy:3128'],
    ['https://[fd00::1]:6443', 'fd00::/8', 'none'],
    ['https://[fd00::1]:6443', 'fd00:0::1', 'none'],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', 'none'],
    ['https://[fd00::1]:6443', '[fd00::1]:443', 'http proxy:3128'],
    ['https://api.example', 'example', 'none'],
    ['https://api.example', '.example', 'none'],
    ['https://api.example', '*.example', 'none'],
    ['https://api.example', 'API.EXAMPLE', 'none'],
    ['https://api.example', 'api.example:443', 'none'],
    ['https://api.example', 'api.example:6443', 'http proxy:3128'],
    ['https://example', '.example', 'http proxy:3128'],
    ['https://my-example', 'example', 'http proxy:3128'],
    ['https://api.example', ',, ,', 'http proxy:3128'],
  ])('%s with NO_PROXY=%s: %s', (server, exceptions, expected) => {
    const environment = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: exceptions }
    expect(through(server, environment)).toBe(expected)
  })

  test('counts less than the kubeconfig, which knows no exceptions', () => {
    const environment = { HTTPS_PROXY: 'http://other', NO_PROXY: '*' }
    expect(proxyFor(https, 'http://proxy:3128', environment)).toMatchObject({ kind: 'http' })
    expect(proxyFor(https, 'gopher://proxy', environment)).toMatchObject({
      reason: expect.stringMatching(/^proxy-url: found "gopher:\/\/proxy", expected /),
    })
  })
})

function serve(): Promise<ScriptedApi> {
  return ScriptedApi.start(serveNothing)
}

describe('a proxy', () => {
  const login = 'me:s3cr3t'
  test('for HTTP is asked to connect, with user and password', async () => {
    const [api, proxy] = [await serve(), await httpProxy()]
    const url = `http://${login}@127.0.0.1:${proxy.port}`
    const { states } = follow(api.location(undefined, { 'proxy-url': url }), 'services')
    await states.find(isFollowing)
    const shown = `127.0.0.1:${api.port} Basic ${Buffer.from(login).toString('base64')}`
    expect(new Set(proxy.asked.items)).toEqual(new Set([shown]))
  })

  test('may speak TLS itself', async () => {
    const api = await serve()
    const pair = await makeKeyPair(api.folder, 'proxy')
    const proxy = await httpProxy(pair)
    const location = api.location(undefined, { 'proxy-url': `https://127.0.0.1:${proxy.port}` })
    const { states } = follow(location, 'services')
    // No authority vouches for it here.
    expect(await states.find(isLost)).toMatchObject({
      reason: `list services: the proxy 127.0.0.1:${proxy.port}: self-signed certificate`,
    })
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await states.find(isFollowing)
    vi.unstubAllEnvs()
  })

  test.each([undefined, login])('may speak SOCKS5, with login %s', async (shown) => {
    const [api, proxy] = [await serve(), await socksProxy(shown)]
    const url = `socks5://${shown ? `${shown}@` : ''}127.0.0.1:${proxy.port}`
    const { states } = follow(api.location(undefined, { 'proxy-url': url }), 'services')
    await states.find(isFollowing)
    expect(new Set(proxy.asked.items)).toEqual(new Set([`127.0.0.1:${api.port} ${shown ?? ''}`]))
  })

  test.each<[string, () => Promise<string>, string]>([
    [
      'that refuses',
      async () => `http://127.0.0.1:${(await httpProxy(undefined, '403 Forbidden')).port}`,
      'answers "HTTP/1.1 403 Forbidden"',
    ],
    [
      'that wants a login',
      async () => `socks5://127.0.0.1:${(await socksProxy(login)).port}`,
      'asks for a login',
    ],
    [
      'that wants another login',
      async () => `socks5://me:no@127.0.0.1:${(await socksProxy(login)).port}`,
      'refuses user and password',
    ],
    [
      'that is another',
      async () => `socks5://127.0.0.1:${(await httpProxy()).port}`,
      'speaks no SOCKS5',
    ],
    ['that is not there', async () => 'http://127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('%s is told', async (_, start, reason) => {
    const [api, url] = [await serve(), await start()]
    const { states } = follow(api.location(undefined, { 'proxy-url': url }), 'services')
    const place = new URL(url).host
    expect(await states.find(isLost)).toMatchObject({
      reason: expect.stringContaining(`list services: the proxy ${place}: ${reason}`),
    })
  })

  test('of the environment is taken', async () => {
    const [api, proxy] = [await serve(), await httpProxy()]
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { states } = follow(
      api.location(undefined, { server: 'https://far.invalid' }),
      'services',
    )
    await states.find(isLost)
    expect(proxy.asked.items[0]).toBe('far.invalid:443 ')
  })

  test.each([
    ['HTTP', async () => `http://127.0.0.1:${(await httpProxy()).port}`],
    ['SOCKS5', async () => `socks5://127.0.0.1:${(await socksProxy()).port}`],
  ])('for %s leads to a server without TLS, too', async (_, start) => {
    const plain = createServer((asked, answer) =>
      serveNothing(new URL(asked.url ?? '', 'http://x'), answer),
    )
    const port = await listen(plain)
    const [api, url] = [await serve(), await start()]
    const cluster = { server: `http://127.0.0.1:${port}`, 'proxy-url': url }
    await follow(api.location(undefined, cluster), 'services').states.find(isFollowing)
  })
})
