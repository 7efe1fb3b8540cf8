import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { allow } from './support/allow.ts'
import { ApiServer } from './support/apiserver.ts'
import { follow, isFollowing, isLost } from './support/follow.ts'

let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
}, 600_000)
afterAll(() => server?.stop())

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-credentials-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function knownToken(): Promise<string> {
  return server.serviceAccountToken('kube-system', 'known')
}

beforeAll(() => allow(server, 'known', ['list', 'watch']))

test('a pod shows the new token as soon as the old one is refused', async () => {
  const folder = folderForTest()
  const account = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount')
  mkdirSync(account, { recursive: true })
  writeFileSync(join(account, 'ca.crt'), server.certificate)
  writeFileSync(join(account, 'token'), 'of yesterday\n')
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', String(server.port))
  onTestFinished(() => void vi.unstubAllEnvs())

  const { states } = follow({ kind: 'in-cluster', root: folder }, 'services')
  expect(await states.find(isLost)).toMatchObject({ reason: 'list services: 401: Unauthorized' })
  writeFileSync(join(account, 'token'), `${await knownToken()}\n`)
  await states.find(isFollowing)
})

test('a kubeconfig may have a client certificate', async () => {
  const file = server.kubeconfig(await server.clientCertificate())
  await follow({ kind: 'kubeconfig', file }, 'services').states.find(isFollowing)
})

test('a kubeconfig may name a file with the token, as that of kube-proxy does', async () => {
  const file = server.kubeconfig({ tokenFile: 'token' })
  writeFileSync(join(file, '../token'), `${await knownToken()}\n`)
  await follow({ kind: 'kubeconfig', file }, 'services').states.find(isFollowing)
})

test('a kubeconfig may name a program that gets the token', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: await knownToken() },
  }
  const { apiVersion } = credential
  const exec = { apiVersion, command: 'echo', args: [JSON.stringify(credential)] }
  const file = server.kubeconfig({ exec })
  await follow({ kind: 'kubeconfig', file }, 'services').states.find(isFollowing)
})

test('a kubeconfig that is not there yet, or wrong, is told and read again', async () => {
  const file = join(folderForTest(), 'config')
  const { states } = follow({ kind: 'kubeconfig', file }, 'services')
  expect(await states.find(isLost)).toMatchObject({ reason: expect.stringContaining('ENOENT') })
  writeFileSync(file, 'clusters: 1')
  const said = 'config: current-context: found nothing, expected the name of an entry of contexts'
  await states.find((state) => state.kind === 'lost' && state.reason.includes(said))
  copyFileSync(server.kubeconfig(), file)
  await states.find(isFollowing)
})

test('a token that no header may have is told', async () => {
  const file = server.kubeconfig({ token: 'two\nlines' })
  const { states } = follow({ kind: 'kubeconfig', file }, 'services')
  expect(await states.find(isLost)).toMatchObject({
    reason: expect.stringContaining('Invalid character in header'),
  })
})
