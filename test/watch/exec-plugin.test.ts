import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Credentials } from '../../src/watch/api/credentials.ts'
import { askPlugin } from '../../src/watch/api/exec-plugin.ts'
import type { PluginCall } from '../../src/watch/api/kubeconfig.ts'
import { eventually } from '../support/eventually.ts'

const apiVersion = 'client.authentication.k8s.io/v1'
const never = new AbortController().signal

/** A plugin that is a line of shell; `$DIR` is a folder of the test. */
function plugin(line: string): PluginCall & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-plugin-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const args = ['-c', line]
  const rest = { apiVersion, installHint: undefined, cluster: undefined, folder }
  return { command: 'sh', args, env: { DIR: folder }, ...rest }
}

function credential(status: object, more: object = {}): string {
  const text = JSON.stringify({ apiVersion, kind: 'ExecCredential', status, ...more })
  return `echo '${text}'`
}

const isAlive = (pid: number): boolean => {
  // A process that is not waited for yet is no more than its name.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'Z'
  return !/\) Z|^Z/.test(stat)
}

/** Starts another one, which holds its output open, and hangs. */
const hangs = 'sleep 1000 & echo $! > $DIR/child; echo $$ > $DIR/self; wait'

test.each<[string, AbortController | undefined]>([
  ['at the end of its time', undefined],
  ['when the agent ends', new AbortController()],
])('a plugin that hangs is killed with what it started %s', async (_, abort) => {
  const call = plugin(hangs)
  const at = (name: string): string => join(call.folder, name)
  const answer = askPlugin(call, abort?.signal ?? never, { lastsAtMost: abort ? 60_000 : 500 })
  await eventually(() => existsSync(at('self')) && readFileSync(at('self'), 'utf8').endsWith('\n'))
  const pids = ['self', 'child'].map((name) => Number(readFileSync(at(name), 'utf8')))
  expect(pids.map(isAlive)).toEqual([true, true])
  abort?.abort()
  expect(await answer).toEqual({
    kind: 'failed',
    reason: abort
      ? 'the credential plugin sh was stopped: the agent ends'
      : 'the credential plugin sh did not end within 0.5 s',
  })
  await eventually(() => !pids.some(isAlive))
})

test.each<[string, string, string]>([
  ['nothing', 'true', 'prints no JSON'],
  ['no credential', 'echo {}', `prints undefined undefined, not ${apiVersion} ExecCredential`],
  [
    'neither token nor certificate',
    credential({}),
    'prints neither a token nor a client certificate',
  ],
  ['an empty token', credential({ token: '' }), 'prints neither a token nor a client certificate'],
  [
    'half a certificate',
    credential({ token: 'x', clientCertificateData: 'x' }),
    'prints a client certificate without its key',
  ],
  [
    'the other half',
    credential({ token: 'x', clientKeyData: 'x' }),
    'prints a client key without its certificate',
  ],
  [
    'another version',
    credential({ token: 'x' }, { apiVersion: 'client.authentication.k8s.io/v1beta1' }),
    `prints client.authentication.k8s.io/v1beta1 ExecCredential, not ${apiVersion} ExecCredential`,
  ],
  ['that it failed', 'echo "log in first" >&2; exit 3', 'ended with code 3: log in first'],
  ['without end', 'yes', 'prints more than 1 MiB'],
])('a plugin that prints %s is refused', async (_, line, reason) => {
  expect(await askPlugin(plugin(line), never)).toEqual({
    kind: 'failed',
    reason: `the credential plugin sh ${reason}`,
  })
})

test('a plugin that does not exist is told with the hint how to get it', async () => {
  const call = { ...plugin(''), command: 'no-such-plugin', installHint: 'Install it:\n  brew it\n' }
  expect(await askPlugin(call, never)).toEqual({
    kind: 'failed',
    reason: 'the credential plugin no-such-plugin does not exist; Install it:\n  brew it',
  })
  expect(
    await askPlugin({ ...call, command: '/tmp', installHint: undefined }, never),
  ).toMatchObject({
    reason: expect.stringMatching(/^the credential plugin \/tmp cannot be started: .*EACCES/),
  })
})

test('a plugin learns who asks, and which cluster is asked', async () => {
  const call = {
    ...plugin('printf %s "$KUBERNETES_EXEC_INFO" > $DIR/asked'),
    cluster: { server: 'x' },
  }
  await askPlugin(call, never)
  expect(JSON.parse(readFileSync(join(call.folder, 'asked'), 'utf8'))).toEqual({
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: 'x' } },
  })
})

test('what a plugin printed is used until it runs out or is refused', async () => {
  const soon = new Date(Date.now() + 1_500).toISOString()
  const status = { token: 'abc', expirationTimestamp: soon }
  const { command, args, folder, env } = plugin(`echo >> $DIR/runs; ${credential(status)}`)
  const exec = { apiVersion, command, args, env: [{ name: 'DIR', value: env['DIR'] }] }
  const file = join(folder, 'config')
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1' } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, JSON.stringify(config))
  const credentials = new Credentials({ kind: 'kubeconfig', file }, never)
  const runs = () => readFileSync(join(folder, 'runs'), 'utf8').length
  const shown = { kind: 'known', headers: { authorization: 'Bearer abc' } }
  expect(await credentials.read()).toMatchObject(shown)
  credentials.forget()
  expect(await credentials.read()).toMatchObject(shown)
  expect(runs()).toBe(2)
  const again = await credentials.read()
  if (Date.now() < Date.parse(soon)) expect(runs()).toBe(2)
  expect(again).toMatchObject(shown)
  // On a busy machine it ran out before it was asked for again.
  const before = runs()
  await eventually(() => Date.now() > Date.parse(soon) + 10)
  await credentials.read()
  expect(runs()).toBe(before + 1)
})

test('a plugin is not started when the agent has ended', async () => {
  expect(await askPlugin(plugin('true'), AbortSignal.abort())).toEqual({
    kind: 'failed',
    reason: 'the credential plugin sh is not started: the agent ends',
  })
})

test('a plugin whose arguments no program can have is told', async () => {
  expect(await askPlugin({ ...plugin('true'), args: ['a\0b'] }, never)).toMatchObject({
    reason: expect.stringMatching(/^the credential plugin sh cannot be started: /),
  })
})

test('a plugin may give a certificate that does not run out', async () => {
  const status = { clientCertificateData: 'one', clientKeyData: 'two' }
  expect(await askPlugin(plugin(credential(status)), never)).toEqual({
    ...{ kind: 'credential', token: undefined, certificate: 'one', key: 'two' },
    lastsMs: undefined,
  })
})
