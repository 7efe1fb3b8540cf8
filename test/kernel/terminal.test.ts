import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Waits } from '../../src/model/retry.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { type Status, statusOf } from '../../src/report/status/status.ts'
import type { ServiceSummary } from '../../src/report/status/status-services.ts'
import { serveStatus } from '../../src/report/status/status-socket.ts'
import type { HttpServer } from '../../src/telemetry/http.ts'
import type { ListenState } from '../../src/telemetry/listen.ts'
import { Recorder } from '../support/recorder.ts'

/** The program in a pseudo-terminal of a known width: it asks for the width, and uses colours. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-terminal-'))
const socket = join(folder, 'status.sock')
const servers: HttpServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})
afterAll(() => rmSync(folder, { recursive: true }))

const WITH_COLOUR = {
  TERM: 'xterm-256color',
  NO_COLOR: undefined,
  FORCE_COLOR: undefined,
  CI: undefined,
}

/** Runs a command line in a terminal of this many columns; returns what it shows, by line. */
async function inTerminal(
  columns: number,
  command: string,
  env: Readonly<Record<string, string | undefined>> = WITH_COLOUR,
): Promise<readonly string[]> {
  const script = `stty cols ${columns}; ${process.execPath} ${root}dist/nodelb.js ${command}`
  const args = ['--quiet', '--command', script, '/dev/null']
  const { stdout } = await execa('script', args, { cwd: root, reject: false, env })
  return stdout.split('\r\n')
}

const LONG = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff'

function service(name: string, state: 'serves' | 'refuses'): ServiceSummary {
  const address = `[${LONG}]:80/tcp`
  const count = { endpoints: 1, localEndpoints: 1 }
  return {
    ...{ service: name, created: '', addresses: [address], denied: [], origin: null },
    ...{ ...count, localPolicies: [] },
    frontends: [{ address, port: 'http', kind: 'load-balancer', state, ...count }],
  }
}

async function serve(services: () => readonly ServiceSummary[]): Promise<void> {
  const objects = () => ({ services: services().length, endpointslices: 0 })
  const announce = { view: () => undefined, bgp: () => undefined }
  const view = { version: '1', node: 'n', objects, services, announce }
  const status = (): Status => statusOf(newState(0), view, 0)
  const told = new Recorder<ListenState>()
  const waits = new Waits({ first: 5, most: 1_000, factor: 2, jitter: 0 })
  servers.push(serveStatus(socket, status, told.add, waits))
  await told.find(({ kind }) => kind === 'listening')
}

const NAME = 'a-namespace-with-a-long-name/a-service-with-a-long-name'

test.each([80, 140])('status in %i columns', async (columns) => {
  await serve(() => [service(NAME, 'serves'), service('shop/down', 'refuses')])
  const lines = await inTerminal(columns, `status --status-socket ${socket}`)
  const plain = lines.map((line) => stripVTControlCharacters(line))
  expect(plain.filter((line) => line.length > columns)).toEqual([])
  const cut = columns === 80 ? `${NAME.slice(0, 12)}…` : NAME
  expect(plain).toContainEqual(
    expect.stringMatching(new RegExp(`^${cut} +${LONG}  80     1          serves$`)),
  )
  expect(lines.join('\n')).toContain('\u001b[33mrefuses\u001b[39m')
})

test('status where nobody wants colours, and where no terminal is', async () => {
  await serve(() => [service(NAME, 'refuses')])
  const plain = await inTerminal(80, `status --status-socket ${socket}`, { NO_COLOR: '1' })
  expect(plain.join('\n')).not.toContain('\u001b')
  const args = [`${root}dist/nodelb.js`, 'status', '--status-socket', socket]
  const { stdout } = await execa(process.execPath, args, { reject: false, env: WITH_COLOUR })
  expect(stdout).not.toContain('\u001b')
  expect(stdout).toContain(`${NAME}  ${LONG}  80     1          refuses`)
})

test('status --watch draws again what has changed, until it is ended', async () => {
  let down = false
  let asked = 0
  await serve(() => {
    asked++
    return [service('shop/web', down ? 'refuses' : 'serves')]
  })
  const args = [`${root}dist/nodelb.js`, 'status', '--watch', '--status-socket', socket]
  const running = execa(process.execPath, args, { reject: false })
  let shown = ''
  for await (const part of running.iterable({ binary: false })) {
    shown += `${part}\n`
    if (/ serves$/m.test(shown)) down = true
    if (/ refuses$/m.test(shown)) running.kill('SIGTERM')
  }
  const { exitCode } = await running
  expect(exitCode).toBe(1)
  expect(asked).toBeGreaterThan(1)
  expect(shown.split('\n').filter((line) => line.startsWith('shop/web '))).toEqual([
    expect.stringContaining('serves'),
    expect.stringContaining('refuses'),
  ])
  expect(shown).not.toContain('\u001b')
})

test.each([80, 140])('diff in %i columns', async (columns) => {
  const story = 'fixtures/stories/scale-up-and-down/'
  const files = `-f ${story}3-input.yaml fixtures/demo/node.yaml --against ${story}2-input.yaml`
  const lines = await inTerminal(columns, `diff ${files} --node node-a`)
  const plain = lines.map((line) => stripVTControlCharacters(line))
  expect(plain.filter((line) => line.length > columns)).toEqual([])
  const endpoints = '    - endpoints 10.244.1.10:8080, 10.244.1.11:8080, 10.244.2.10:8080'
  const note = '3 -> 0 endpoints: connections are refused'
  expect(plain).toEqual(
    expect.arrayContaining(
      columns === 80 ? [endpoints, `      ${note}`] : [`${endpoints}  ${note}`],
    ),
  )
  expect(lines[0]).toContain('\u001b[33m')
})
