import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { agentStatus } from '../support/agent-status.ts'
import { nodelb } from '../support/lab.ts'
import { webNode, webObjects, webService } from '../support/web.ts'

/** An end takes fewer milliseconds than that, however busy the machine is: it waits for nobody. */
const LIMIT = 20_000

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

function kubeconfig(server: string, user: object): string {
  const file = place.path('kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

/** Resolves with how something ended, which has to be soon. */
async function soon<Ending>(end: Promise<Ending>): Promise<Ending> {
  const began = performance.now()
  const ending = await end
  expect(performance.now() - began).toBeLessThan(LIMIT)
  return ending
}

const MUTE = `
import { createServer } from 'node:net'
createServer(() => console.log('connected')).listen(6443, '127.0.0.1', () => console.log('up'))
`

describe('the agent ends at once', () => {
  test('while an API server says nothing', async () => {
    const inside = ['netns', 'exec', place.lab.namespace('node'), process.execPath]
    const server = spawn('ip', [...inside, '--input-type=module', '-e', MUTE])
    onTestFinished(() => void server.kill())
    await once(server.stdout, 'data')
    const user = { token: 'some' }
    const agent = place.run(['--kubeconfig', kubeconfig('https://127.0.0.1:6443', user)])
    await once(server.stdout, 'data')
    expect(await soon(agent.end('SIGTERM'))).toBe(0)
    expect(agent.lines.at(-1)).toMatchObject({ event: 'agent-stopping', reason: 'SIGTERM' })
  })

  test('while a plugin that is to get credentials says nothing', async () => {
    const begun = place.path('begun')
    await execa('mkfifo', [begun])
    const command = `echo $$ > ${begun}; exec sleep 1000`
    const version = 'client.authentication.k8s.io/v1'
    const exec = { apiVersion: version, command: 'sh', args: ['-c', command] }
    const file = kubeconfig('https://127.0.0.1:6443', { exec })
    const agent = place.run(['--kubeconfig', file])
    const { stdout: plugin } = await execa('cat', [begun])
    onTestFinished(() => void process.kill(Number(plugin)))
    expect(await soon(agent.end('SIGINT'))).toBe(0)
    expect(agent.lines.at(-1)).toMatchObject({ event: 'agent-stopping', reason: 'SIGINT' })
  })

  test('while its log is not read', async () => {
    const log = place.path('log')
    await execa('mkfifo', [log])
    // Opened and never read: a pipe holds 64 KiB.
    const reader = openSync(log, constants.O_RDONLY | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(reader))
    const ports = Array.from({ length: 2000 }, (_, at) => ({ name: `p${at}`, port: 100_000 + at }))
    place.write([...webObjects(['pod-a']), { ...webService({ ports }), metadata: { name: 'bad' } }])
    const inside = ['netns', 'exec', place.lab.namespace('node'), 'sh', '-c', 'exec "$@" >"$0"']
    const run = ['run', '-f', place.folder, '--node', 'node-a', '--scope', 'all']
    const flags = ['--status-socket', place.statusSocket]
    const command = [...inside, log, process.execPath, nodelb, ...run, ...flags]
    // Without colours no other code asks what standard output is.
    const child = spawn('ip', command, { env: { ...process.env, NO_COLOR: '1' } })
    onTestFinished(() => void child.kill('SIGKILL'))
    let status = await agentStatus(place.statusSocket)
    while (status.kind !== 'status' || !status.status.ready) {
      status = await agentStatus(place.statusSocket)
    }
    expect(JSON.stringify(status.status.problems).length).toBeGreaterThan(1 << 16)
    child.kill('SIGTERM')
    expect(await soon(once(child, 'exit'))).toEqual([0, null])
  })

  test('when it is told twice', async () => {
    place.write(webObjects(['pod-a']))
    const agent = place.start()
    await agent.next('agent-ready')
    agent.kill('SIGTERM')
    expect(await soon(agent.end('SIGTERM'))).toBeOneOf([0, 'SIGTERM'])
    expect(await place.rules()).toContain('203.0.113.10')
  })
})

describe('--cleanup-on-exit', () => {
  test('takes the rules along', async () => {
    place.write(webObjects(['pod-a']))
    const agent = place.start('--cleanup-on-exit')
    await agent.next('agent-ready')
    expect(await place.rules()).toContain('table ip nodelb')
    expect(await agent.end('SIGTERM')).toBe(0)
    expect(await place.rules()).not.toContain('nodelb')
  })

  test('leaves what another process owns, and says so', async () => {
    place.write(webObjects(['pod-a']))
    const owner = place.start()
    await owner.next('agent-ready')
    const agent = place.start('--cleanup-on-exit', '--status-socket', place.path('other.sock'))
    await agent.next('commit-failed')
    agent.skip()
    agent.kill('SIGTERM')
    const told = await agent.next('commit-failed')
    expect(told['reason']).toContain(`(pid ${owner.pid}) owns nodelb's tables`)
    expect(await agent.ended()).toBe(2)
    expect(await place.rules()).toContain('203.0.113.10')
  })
})

test('what cannot be followed is refused at the start', async () => {
  place.write([webNode])
  const agent = place.start('-f', '-')
  expect(await agent.ended()).toBe(2)
  expect(agent.noise.join('\n')).toContain('--filename: found -')
})
