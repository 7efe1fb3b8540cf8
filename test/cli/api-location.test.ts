import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { apiLocation } from '../../src/cli/api-location.ts'

/** How the agent and the controller find the API server: as every client of Kubernetes does. */

const home = mkdtempSync(join(tmpdir(), 'nodelb-home-'))
const NO_SERVER =
  '--kubeconfig: found nothing, expected a kubeconfig there, in KUBECONFIG or in ~/.kube/config, or a Pod with KUBERNETES_SERVICE_HOST and _PORT'
const inHome = join(home, '.kube/config')
afterAll(() => rmSync(home, { recursive: true }))

describe('the first of these that there is', () => {
  beforeEach(() => {
    vi.stubEnv('HOME', home)
    vi.stubEnv('KUBECONFIG', '/etc/kubeconfig')
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.96.0.1')
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443')
    mkdirSync(join(home, '.kube'))
    writeFileSync(inHome, '')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(join(home, '.kube'), { recursive: true })
  })

  test('the option', () => {
    expect(apiLocation('mine')).toEqual({ kind: 'kubeconfig', file: 'mine' })
  })

  test('KUBECONFIG', () => {
    expect(apiLocation(undefined)).toEqual({ kind: 'kubeconfig', file: '/etc/kubeconfig' })
  })

  test.each([
    ['an empty KUBECONFIG', ''],
    ['no KUBECONFIG', undefined],
  ])('with %s the Pod', (_, text) => {
    vi.stubEnv('KUBECONFIG', text)
    expect(apiLocation(undefined)).toEqual({ kind: 'in-cluster' })
  })

  test('outside of a Pod the file in the home folder', () => {
    vi.stubEnv('KUBECONFIG', undefined)
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
    expect(apiLocation(undefined)).toEqual({ kind: 'kubeconfig', file: inHome })
  })

  test('none of them', () => {
    vi.stubEnv('KUBECONFIG', undefined)
    vi.stubEnv('KUBERNETES_SERVICE_PORT', undefined)
    rmSync(inHome)
    expect(apiLocation(undefined)).toEqual({ kind: 'unknown', reason: NO_SERVER })
  })

  test('a list of files in KUBECONFIG is not put together', () => {
    vi.stubEnv('KUBECONFIG', '/a:/b:')
    expect(apiLocation(undefined)).toEqual({
      kind: 'unknown',
      reason: 'KUBECONFIG: found 2 files, expected one: name one with --kubeconfig',
    })
    vi.stubEnv('KUBECONFIG', ':/a')
    expect(apiLocation(undefined)).toEqual({ kind: 'kubeconfig', file: '/a' })
  })
})

test.each([
  ['run', ['--node', 'node-a', '--status-socket', join(home, 'status.sock')]],
  ['controller', []],
])('%s ends with 2 where there is no way to the API server', (command, more) => {
  const args = ['--import', 'tsx', 'src/main.ts', command, ...more]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { PATH: process.env['PATH'], HOME: home },
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: `nodelb: ${NO_SERVER}\n`,
  })
})
