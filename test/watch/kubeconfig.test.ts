import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

test.each<[object, object]>([
  [{ token: 'a\n' }, { authorization: 'Bearer a' }],
  [{ username: 'u', password: 'p' }, { authorization: 'Basic dTpw' }],
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
