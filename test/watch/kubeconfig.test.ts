import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Credentials } from '../../src/watch/api/credentials.ts'
import { readKubeconfig } from '../../src/watch/api/kubeconfig.ts'
import { follow, isFollowing } from '../e2e/support/follow.ts'
import { listen } from '../support/proxies.ts'
import { serveNothing } from '../support/scripted-api.ts'

const never = new AbortController().signal

function config(cluster: object = {}, user: unknown = {}): object {
  return {
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [
      { name: 'other', user: { token: 1 } },
      { name: 'u', user },
    ],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
}

function written(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-kubeconfig-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config'), text)
  return join(folder, 'config')
}

describe('what is wrong is told by its place', () => {
  const file = '/etc/kc'
  test.each<[unknown, string]>([
    [{}, '/etc/kc: current-context: found nothing, expected the name of an entry of contexts'],
    [
      { ...config(), 'current-context': 'y' },
      '/etc/kc: current-context: found "y", expected the name of an entry of contexts',
    ],
    [
      { ...config(), users: null },
      '/etc/kc: contexts[0].context.user: found "u", expected the name of an entry of users',
    ],
    [
      config({ server: 'unix:///var/run/x' }),
      '/etc/kc: clusters[0].cluster.server: found "unix:///var/run/x", expected https://HOST or http://HOST',
    ],
    [
      config({ server: 'https://[' }),
      '/etc/kc: clusters[0].cluster.server: found "https://[", expected https://HOST or http://HOST',
    ],
    [config({}, { tokenFile: 7 }), '/etc/kc: users[1].user.tokenFile: found 7, expected text'],
    [
      config({}, { 'auth-provider': { name: 'oidc' } }),
      '/etc/kc: users[1].user.auth-provider: found an object, expected a token, tokenFile, a client certificate or exec: providers are no longer built in',
    ],
    [
      config({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } }),
      '/etc/kc: users[1].user.exec.apiVersion: found "client.authentication.k8s.io/v1alpha1", expected client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1',
    ],
    [
      config({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1' } }),
      '/etc/kc: users[1].user.exec.command: found nothing, expected text',
    ],
  ])('%#', (given, reason) => {
    expect(readKubeconfig(given, file)).toEqual({ kind: 'unusable', reason })
  })

  test.each([
    ['', 'found nothing, expected a kubeconfig'],
    ['# a comment', 'found nothing, expected a kubeconfig'],
    ['apiVersion', 'found "apiVersion", expected a kubeconfig'],
  ])('an empty file: %j', async (text, reason) => {
    const location = { kind: 'kubeconfig', file: written(text) } as const
    const access = await new Credentials(location, never).read()
    expect(access).toEqual({ kind: 'unknown', reason: `${location.file}: ${reason}` })
  })
})

test('files stand beside the kubeconfig; a value counts more than a file, but a token less', () => {
  const cluster = { 'certificate-authority': 'ca.crt', 'certificate-authority-data': 'QQ==' }
  const user = { 'client-certificate': 'c.crt', 'client-key': '/k', token: 'a', tokenFile: 't' }
  expect(readKubeconfig(config(cluster, user), '/etc/kc')).toMatchObject({
    authority: { kind: 'data', bytes: Buffer.from('A') },
    certificate: { kind: 'file', file: '/etc/c.crt' },
    key: { kind: 'file', file: '/k' },
    token: { kind: 'file', file: '/etc/t' },
  })
})

test.each<[object | null, object]>([
  [{ token: 'a\n' }, { authorization: 'Bearer a' }],
  [{ username: 'u', password: 'p' }, { authorization: 'Basic dTpw' }],
  [{ username: 'u' }, { authorization: 'Basic dTo=' }],
  [
    {
      token: 'a',
      as: 'them',
      'as-groups': ['g', 'h'],
      'as-uid': '7',
      'as-user-extra': { 'x/y': ['z'] },
    },
    {
      authorization: 'Bearer a',
      'impersonate-user': 'them',
      'impersonate-group': ['g', 'h'],
      'impersonate-uid': '7',
      'impersonate-extra-x%2Fy': ['z'],
    },
  ],
  [{}, {}],
  [null, {}],
])('the user %j sends %j', async (user, headers) => {
  const location = { kind: 'kubeconfig', file: written(JSON.stringify(config({}, user))) } as const
  expect(await new Credentials(location, never).read()).toMatchObject({ kind: 'known', headers })
})

test('a pod of an IPv6 cluster finds its API server', async () => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '443')
  onTestFinished(() => void vi.unstubAllEnvs())
  const access = await new Credentials({ kind: 'in-cluster', root: '/nowhere' }, never).read()
  expect(access).toMatchObject({ reason: expect.stringContaining('/nowhere/var/run/secrets') })
})

test('a server without TLS, such as kubectl proxy, is followed', async () => {
  const server = createServer((asked, answer) =>
    serveNothing(new URL(asked.url ?? '', 'http://x'), answer),
  )
  const port = await listen(server)
  const file = written(JSON.stringify(config({ server: `http://127.0.0.1:${port}` })))
  await follow({ kind: 'kubeconfig', file }, 'services').states.find(isFollowing)
})

test('a server without a scheme speaks no TLS', () => {
  const read = readKubeconfig(config({ server: '10.0.0.1:8080' }), '/etc/kc')
  expect(read).toMatchObject({ server: new URL('http://10.0.0.1:8080') })
})

describe('a plugin', () => {
  const version = 'client.authentication.k8s.io/v1'
  const exec = { apiVersion: version, command: 'x' }

  test.each([
    ['./login', '/etc/login'],
    ['/usr/bin/login', '/usr/bin/login'],
    ['login', 'login'],
  ])('%s beside the kubeconfig is %s', (command, found) => {
    const read = readKubeconfig(config({}, { exec: { ...exec, command } }), '/etc/kc')
    expect(read).toMatchObject({
      plugin: { command: found, args: [], env: {}, installHint: undefined, cluster: undefined },
    })
  })

  test('that asks for it is told of the cluster, with what is in the kubeconfig for it alone', () => {
    const cluster = {
      ...{ 'tls-server-name': 'api', 'insecure-skip-tls-verify': true, 'proxy-url': 'http://p' },
      extensions: [{ name: 'other' }, { name: 'client.authentication.k8s.io/exec', extension: 7 }],
    }
    const asking = { exec: { ...exec, provideClusterInfo: true, installHint: 'get it' } }
    expect(readKubeconfig(config(cluster, asking), '/etc/kc')).toMatchObject({
      plugin: {
        installHint: 'get it',
        cluster: {
          ...{ server: 'https://10.0.0.1:6443', 'proxy-url': 'http://p', config: 7 },
          ...{ 'tls-server-name': 'api', 'insecure-skip-tls-verify': true },
        },
      },
    })
    expect(readKubeconfig(config({}, asking), '/etc/kc')).toMatchObject({
      plugin: { cluster: { server: 'https://10.0.0.1:6443', config: undefined } },
    })
  })

  test('gets the authority of the cluster, and what is wrong with it is told', async () => {
    const line = 'echo "$KUBERNETES_EXEC_INFO" >&2; exit 1'
    const asking = { ...exec, command: 'sh', args: ['-c', line], provideClusterInfo: true }
    const cluster = { 'certificate-authority-data': 'QQ==' }
    const file = written(JSON.stringify(config(cluster, { exec: asking })))
    const access = await new Credentials({ kind: 'kubeconfig', file }, never).read()
    expect(access).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('"certificate-authority-data":"QQ=="'),
    })
  })
})

test('a proxy that cannot be used is told before anything is sent', async () => {
  const file = written(JSON.stringify(config({ 'proxy-url': 'gopher://p' })))
  const access = await new Credentials({ kind: 'kubeconfig', file }, never).read()
  expect(access).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('proxy-url') })
})

describe('a process without a kubeconfig', () => {
  test('that is in no pod says so', async () => {
    for (const name of ['HOST', 'PORT']) vi.stubEnv(`KUBERNETES_SERVICE_${name}`, '')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await new Credentials({ kind: 'in-cluster' }, never).read()).toEqual({
      kind: 'unknown',
      reason: 'KUBERNETES_SERVICE_HOST and _PORT are not set: this is no pod of a cluster',
    })
  })

  test('that is in a pod takes the token and the authority of its account', async () => {
    const root = mkdtempSync(join(tmpdir(), 'nodelb-pod-'))
    const account = join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
    mkdirSync(account, { recursive: true })
    writeFileSync(join(account, 'token'), 'abc\n')
    writeFileSync(join(account, 'ca.crt'), 'PEM')
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.96.0.1')
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443')
    onTestFinished(() => {
      vi.unstubAllEnvs()
      rmSync(root, { recursive: true })
    })
    expect(await new Credentials({ kind: 'in-cluster', root }, never).read()).toMatchObject({
      place: { server: new URL('https://10.96.0.1'), tls: { ca: 'PEM', rejectUnauthorized: true } },
      headers: { authorization: 'Bearer abc' },
    })
  })
})
