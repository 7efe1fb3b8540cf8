import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { freePort } from '../support/asking.ts'
import { eventually } from '../support/eventually.ts'
import { RealLan } from '../support/real-lan.ts'
import { RunningController } from '../support/running-controller.ts'
import { ControllerTests } from './support/controller-tests.ts'
import { balanced, paths, pool } from './support/controllers.ts'
import { Door } from './support/door.ts'

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url))
const URL_OF_PROMETHEUS = 'http://127.0.0.1:9090'

interface Panel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly targets?: readonly { readonly expr: string }[]
}

const board = JSON.parse(readFileSync(join(deploy, 'grafana/nodelb.json'), 'utf8'))
const panels: readonly Panel[] = board.panels.filter(({ type }: Panel) => type !== 'row')
/** Their queries, as Grafana asks them for all nodes. */
const queries = panels.flatMap(({ title, description, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    mayBeEmpty: description !== undefined,
    expr: expr.replaceAll('$node', '.*').replaceAll('$__rate_interval', '30s'),
  })),
)

const folder = mkdtempSync(join(tmpdir(), 'nodelb-board-'))
let tests: ControllerTests
let lan: RealLan
let door: Door
let controller: RunningController
let prometheus: ChildProcess

beforeAll(async () => {
  tests = await ControllerTests.begin()
  const { admin } = tests.server
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await admin.call('POST', paths.services('default'), balanced('web'))
  lan = await RealLan.build({ nodes: ['n1', 'n2'], services: 2 })
  await Promise.all(['n1', 'n2'].map((name) => lan.start(name)))
  const port = await freePort()
  const token = await tests.server.serviceAccountToken('kube-system', 'nodelb-controller')
  const kubeconfig = tests.server.kubeconfig({ token })
  controller = RunningController.start(kubeconfig, '--listen', `127.0.0.1:${port}`)
  await controller.first('leading')
  door = await Door.open(lan.namespace('n1'), port)
  prometheus = scrape(lan.namespace('n1'), port)
}, 600_000)

afterAll(async () => {
  prometheus?.kill('SIGKILL')
  if (prometheus !== undefined) await once(prometheus, 'exit')
  await door?.close()
  await lan?.remove()
  await controller?.end('SIGKILL')
  await tests?.end()
  rmSync(folder, { recursive: true })
})

/** Starts a Prometheus beside one agent, with the alerts of deploy/. */
function scrape(namespace: string, controller: number): ChildProcess {
  const { groups } = parse(readFileSync(join(deploy, 'components/metrics/rules.yaml'), 'utf8')).spec
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }))
  const target = (job: string, port: number, labels: object) => ({
    job_name: job,
    static_configs: [{ targets: [`127.0.0.1:${port}`], labels }],
  })
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [target('agent', 10266, { node: 'n1' }), target('controller', controller, {})],
  }
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
  return spawn(
    'ip',
    [
      ...['netns', 'exec', namespace, 'prometheus', '--web.listen-address=127.0.0.1:9090'],
      ...[`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`],
    ],
    { stdio: 'ignore' },
  )
}

/** The samples that Prometheus answers with; undefined while it does not answer. */
async function ask(expr: string): Promise<readonly unknown[] | undefined> {
  const command = ['promtool', 'query', 'instant', '--format=json', URL_OF_PROMETHEUS, expr]
  const all = ['netns', 'exec', lan.namespace('n1'), ...command]
  const { stdout, exitCode } = await execa('ip', all, { reject: false })
  return exitCode === 0 ? JSON.parse(stdout) : undefined
}

test('the board is what the script makes', async () => {
  const script = fileURLToPath(new URL('../../scripts/board.mjs', import.meta.url))
  const { stderr } = await execa('node', [script, '--check'], { reject: false })
  expect(stderr).toBe('')
})

test('no panel is empty once agents and controller have been scraped', async () => {
  const empty = async () => {
    const answers = await Promise.all(
      queries.map(async (query) => ({ ...query, answer: await ask(query.expr) })),
    )
    const missing = answers.filter(({ answer, mayBeEmpty }) =>
      mayBeEmpty ? answer === undefined : (answer ?? []).length === 0,
    )
    return missing.map(({ title, expr }) => `${title}: ${expr}`)
  }
  let last: readonly string[] = []
  const isFull = async () => {
    last = await empty()
    return last.length === 0
  }
  await eventually(isFull, { within: 60_000, every: 500, late: () => last.join('\n') })
}, 90_000)

test('the pool and who announces the addresses are on it', async () => {
  const found = async (expr: string) => ((await ask(expr)) ?? []).length
  const inUse = 'nodelb_pool_addresses_in_use{pool="lan",family="ipv4"} == 1'
  await eventually(async () => (await found(inUse)) === 1)
  await eventually(async () => (await found('nodelb_services{state="serving"} == 2')) === 1)
  await eventually(async () => (await found('nodelb_unannounced')) === 0)
})

test('no alert fires where all is well', async () => {
  // Those that would fire if it stayed so are among them; what just began may be one for a moment.
  let last = ''
  const isCalm = async () => {
    last = JSON.stringify(await ask('ALERTS'))
    return last === '[]'
  }
  await eventually(isCalm, { late: () => last })
})
