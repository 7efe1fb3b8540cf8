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
import { Helm, type Manifest } from './support/chart.ts'
import { ControllerTests } from './support/controller-tests.ts'
import { balanced, paths, pool } from './support/controllers.ts'
import { Daemon } from './support/daemon.ts'
import { Door } from './support/door.ts'
import { writtenForAnnotations } from './support/scrape-annotations.ts'

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
let prometheus: Daemon

beforeAll(async () => {
  tests = await ControllerTests.begin()
  const { admin } = tests.server
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.10-192.0.2.20']))
  await admin.call('POST', paths.services('default'), balanced('web'))
  lan = await RealLan.build({ nodes: ['n1', 'n2'], services: 2 })
  const [address] = lan.ownAddresses('n1')
  await lan.start('n1', ['--metrics-listen', `${address}:10266`])
  await lan.start('n2')
  const port = await freePort()
  const token = await tests.server.serviceAccountToken('kube-system', 'nodelb-controller')
  const kubeconfig = tests.server.kubeconfig({ token })
  controller = RunningController.start(kubeconfig, '--listen', `127.0.0.1:${port}`)
  await controller.first('leading')
  door = await Door.open(lan.namespace('n1'), port, { host: address, port: 10267 })
  prometheus = scrape(await discovered(address))
  const answers = async () => (await ask('vector(1)')) !== undefined
  await prometheus.until('it answers', { within: 60_000 }, answers)
}, 600_000)

afterAll(async () => {
  await prometheus?.end('SIGKILL')
  await door?.close()
  await lan?.remove()
  await controller?.end('SIGKILL')
  await tests?.end()
  rmSync(folder, { recursive: true })
})

/**
 * What Prometheus finds in the API server of an agent and a controller that the chart has made: a target for each port
 * of a container. That of Debian cannot look for itself. Both are reached at one address.
 */
async function discovered(address: string): Promise<readonly object[]> {
  const file = join(folder, 'values.yaml')
  writeFileSync(file, stringify(writtenForAnnotations().values))
  const helm = await Helm.of()
  const manifests = await helm.template([`--values=${file}`, '--set=controller.enabled=true'])
  helm.remove()
  const owners = manifests.filter(({ kind }) => kind === 'DaemonSet' || kind === 'Deployment')
  return owners.flatMap(({ spec }) => {
    const { metadata, spec: pod } = spec.template
    const annotations = Object.entries(metadata.annotations).map(([name, value]) => [
      `__meta_kubernetes_pod_annotation_${name.replaceAll(/\W/g, '_')}`,
      value,
    ])
    const declared = pod.containers.flatMap(({ ports = [] }: Manifest) => ports)
    // A port of the Pod that is not the annotated one, such as a sidecar has.
    return [...declared, { containerPort: 7950 }].map(({ containerPort }: Manifest) => ({
      targets: [`${address}:${containerPort}`],
      labels: {
        ...Object.fromEntries(annotations),
        __meta_kubernetes_pod_container_port_number: `${containerPort}`,
        __meta_kubernetes_pod_node_name: 'n1',
      },
    }))
  })
}

/** Starts a Prometheus beside one agent, with the alerts of deploy/, which finds its targets by their annotations. */
function scrape(targets: readonly object[]): Daemon {
  const { groups } = parse(readFileSync(join(deploy, 'components/metrics/rules.yaml'), 'utf8')).spec
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }))
  const { kubernetes_sd_configs: _, ...job } = writtenForAnnotations().job
  const config = {
    // A scrape has the time of an interval, and no more.
    global: { scrape_interval: '3s', scrape_timeout: '3s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ ...job, static_configs: targets }],
  }
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
  return new Daemon('ip', [
    ...['netns', 'exec', lan.namespace('n1'), 'prometheus', '--web.listen-address=127.0.0.1:9090'],
    ...[`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`],
  ])
}

/** The samples that Prometheus answers each query with; none while it does not answer. */
async function askAll(
  exprs: readonly string[],
): Promise<readonly (readonly unknown[] | undefined)[]> {
  const urls = exprs.map(
    (expr) => `${URL_OF_PROMETHEUS}/api/v1/query?query=${encodeURIComponent(expr)}`,
  )
  // One process: dozens at once would take a busy machine longer than the test waits.
  const curl = ['curl', '--silent', '--globoff', '--write-out', '\\n', ...urls]
  const all = ['netns', 'exec', lan.namespace('n1'), ...curl]
  const { stdout, exitCode } = await execa('ip', all, { reject: false })
  if (exitCode !== 0) return exprs.map(() => undefined)
  return stdout.split('\n').map((line) => JSON.parse(line).data?.result)
}

async function ask(expr: string): Promise<readonly unknown[] | undefined> {
  return (await askAll([expr]))[0]
}

test('the board is what the script makes', async () => {
  const script = fileURLToPath(new URL('../../scripts/board.mjs', import.meta.url))
  const { stderr } = await execa('node', [script, '--check'], { reject: false })
  expect(stderr).toBe('')
})

test('no panel is empty once agents and controller have been scraped', async () => {
  const empty = async () => {
    const answers = await askAll(queries.map(({ expr }) => expr))
    const missing = queries.filter(({ mayBeEmpty }, at) =>
      mayBeEmpty ? answers[at] === undefined : (answers[at] ?? []).length === 0,
    )
    return missing.map(({ title, expr }) => `${title}: ${expr}`)
  }
  let last: readonly string[] = []
  const isFull = async () => {
    last = await empty()
    return last.length === 0
  }
  await eventually(isFull, { within: 200_000, every: 500, late: () => last.join('\n') })
})

test('agent and controller are found once each, with the name of their node', async () => {
  const targets = (await ask('up')) as readonly { readonly metric: Record<string, string> }[]
  const found = targets.map(({ metric }) => `${metric['node']} ${metric['instance']}`)
  const [address] = lan.ownAddresses('n1')
  expect(found.sort()).toEqual([`n1 ${address}:10266`, `n1 ${address}:10267`])
})

test('what a process costs is told of agents alone', async () => {
  const costs = queries.filter(({ expr }) => /\b(?:process|nodejs)_/.test(expr))
  expect(costs.map(({ title }) => title)).toEqual(['Memory', 'CPU', 'Lag of the event loop'])
  const answers = (await askAll(costs.map(({ expr }) => expr))) as readonly {
    readonly metric: Record<string, string>
  }[][]
  const [address] = lan.ownAddresses('n1')
  for (const found of answers) {
    expect(found.map(({ metric }) => metric['instance'])).toEqual([`${address}:10266`])
  }
})

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
