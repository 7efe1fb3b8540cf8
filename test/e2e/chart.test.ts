import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { definitions } from '../support/crds.ts'
import { eventually } from '../support/eventually.ts'
import { blocksOf, pages } from '../support/pages.ts'
import { ApiServer } from './support/apiserver.ts'
import { chart, comparable, copyForOldServer, Helm, type Manifest } from './support/chart.ts'

const overlays = fileURLToPath(new URL('../../deploy/overlays', import.meta.url))
let helm4: Helm
let helm3: Helm

beforeAll(async () => {
  helm4 = await Helm.of('helm-4')
  helm3 = await Helm.of('helm-3')
})
afterAll(() => {
  helm4?.remove()
  helm3?.remove()
})

const template = (args: readonly string[]): Promise<Manifest[]> => helm4.template(args)

function overlay(name: string): Manifest[] {
  const text = readFileSync(join(overlays, name, 'expected.yaml'), 'utf8')
  return parseAllDocuments(text).map((document) => document.toJS())
}

const own = ['--set=image.repository=registry.example.com/nodelb']

describe.each(['helm 4', 'helm 3'])('%s', (version) => {
  const program = () => (version === 'helm 4' ? helm4 : helm3)

  test.each([
    ['load-balancer', []],
    ['all', ['--set=scope=all', '--set=apiServer.host=192.0.2.1']],
  ])('makes what overlay %s is', async (name, args) => {
    const made = await program().template([...own, ...args])
    expect(comparable(made)).toEqual(comparable(overlay(name)))
  })

  test('makes what overlay controller is beside the agent', async () => {
    const made = comparable(await program().template([...own, '--set=controller.enabled=true']))
    const expected = comparable([...overlay('load-balancer'), ...overlay('controller')])
    expect(made).toEqual(expected)
  })

  test('finds nothing to say about the chart', async () => {
    const { stdout, stderr, exitCode } = await program().run(['lint', '--strict', chart])
    expect(stdout + stderr).not.toMatch(/WARNING|ERROR/)
    expect(exitCode).toBe(0)
  })
})

test.each([
  'home-lab',
  'beside-metallb',
  'instead-of-kube-proxy',
  'ipvs',
  'iptables-legacy',
  'bgp',
  'bgp-bfd',
  'bgp-frr-k8s',
])('values of %s', async (name) => {
  const values = join(chart, 'ci', `${name}.yaml`)
  const made = await template([`--values=${values}`])
  const text = made
    .filter(
      ({ kind, metadata }) =>
        kind !== 'CustomResourceDefinition' && metadata.name !== 'nodelb-board',
    )
    .map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n')
  await expect(text).toMatchFileSnapshot(join(chart, 'ci', `${name}.expected.yaml`))
})

test('CustomResourceDefinitions are those of deploy/crds, and outlive the release', async () => {
  const made = (await template(['--set=crds.enabled=true'])).filter(
    ({ kind }) => kind === 'CustomResourceDefinition',
  )
  const expected = definitions().map((crd) => {
    // What agents tell of their Nodes goes with them.
    if (crd.spec.group === 'nodelb.io') return crd
    const annotations = { ...crd.metadata.annotations, 'helm.sh/resource-policy': 'keep' }
    return { ...crd, metadata: { ...crd.metadata, annotations } }
  })
  const byName = (a: Manifest, b: Manifest) => (a.metadata.name < b.metadata.name ? -1 : 1)
  expect(made.sort(byName)).toEqual(expected.sort(byName))
})

test('where MetalLB has its kinds the page brings the one of nodelb', async () => {
  const made = (await template(['--set=ui.enabled=true,controller.enabled=true'])).filter(
    ({ kind }) => kind === 'CustomResourceDefinition',
  )
  expect(made).toEqual(definitions().filter(({ spec }) => spec.group === 'nodelb.io'))
})

test.each([
  [200, 0],
  [503, 1],
])('`helm test` says by its Pod whether an agent answers %i', async (status, exitCode) => {
  const only = '--show-only=templates/tests/ready.yaml'
  const { stdout } = await helm4.run(['template', 'nodelb', chart, '--namespace=lb', only])
  const { metadata, spec } = parse(stdout)
  expect(metadata).toMatchObject({ namespace: 'lb', annotations: { 'helm.sh/hook': 'test' } })
  // By that label agents are found, and counted.
  expect(metadata).not.toHaveProperty('labels')
  const [{ command }] = spec.containers
  const agent = createServer((request, response) => {
    response.statusCode = request.url === '/readyz' ? status : 404
    response.end('as it is')
  })
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', () => resolve()))
  onTestFinished(() => {
    agent.close()
  })
  const { port } = agent.address() as AddressInfo
  const [program, ...args] = command.map((each: string) => each.replace(':10266', `:${port}`))
  expect(program).toBe('node')
  const said = await execa(process.execPath, args, { reject: false })
  expect(said).toMatchObject({ exitCode, stdout: `${status} as it is` })
})

test('alerts and board are those of deploy/', async () => {
  const flags = ['--set=metrics.rules.enabled=true,metrics.dashboard.enabled=true']
  const made = comparable(await template(flags))
  const folder = join(chart, '../../deploy')
  const rules = parse(readFileSync(join(folder, 'components/metrics/rules.yaml'), 'utf8'))
  rules.metadata.namespace = 'kube-system'
  expect(made['PrometheusRule nodelb']).toEqual(rules)
  const board = readFileSync(join(folder, 'grafana/nodelb.json'), 'utf8')
  expect(JSON.parse(made['ConfigMap nodelb-board'].data['nodelb.json'])).toEqual(JSON.parse(board))
})

const ofHelm = pages.flatMap(blocksOf).filter(({ mark }) => mark === 'needs helm')

test.each(ofHelm)('what $page types below line $line works', async ({ text }) => {
  const bash = ['bash', '-euo', 'pipefail', '-c', text]
  const cwd = join(chart, '../..')
  const { stdout } = await execa('scripts/release/with-tools.sh', bash, { cwd })
  expect(stdout).toContain('image: registry.example.com/')
})

test.each([
  ['--set=scope=all', 'apiServer.host: found nothing, expected an address of the API server'],
  ['--set=config.scope=all', 'apiServer.host: found nothing, expected an address'],
  ['--set=kubeproxyConfig.mode=ipvs', "additional properties 'kubeproxyConfig' not allowed"],
  ['--set=config.scoop=all', "additional properties 'scoop' not allowed"],
  ['--set=config.announce.layer2.held=10s', "additional properties 'held' not allowed"],
  ['--set=controller.config.adresses=pools', "additional properties 'adresses' not allowed"],
  ['--set=config.minSyncPeriod=5', "at '/config/minSyncPeriod': got number"],
  ['--set=backend=nft', 'value must be one of'],
  ['--set=image.digest=latest', 'does not match pattern'],
  ['--set=apiServer.port=70000', 'maximum: got 70,000, want 65,535'],
  ['--set=layer2=true', 'got boolean, want object'],
  ['--set=bgp.engine=bird', "'/bgp/engine': value must be one of 'frr', 'frr-k8s'"],
  [
    '--set=bgp.bfd.enabled=true',
    'bgp.bfd.enabled: found true, expected false without bgp.enabled: it adds to the FRR of BGP',
  ],
  [
    '--set=bgp.enabled=true,bgp.engine=frr-k8s,bgp.bfd.enabled=true',
    'bgp.bfd.enabled: found true, expected false with engine frr-k8s: the FRR of frr-k8s has its own bfdd',
  ],
  [
    '--set=bgp.enabled=true,bgp.bfd.enabled=true,config.announce.bgp.engine=frr-k8s',
    'bgp.bfd.enabled: found true, expected false with engine frr-k8s',
  ],
  [
    '--set=ui.enabled=true',
    'ui.enabled: found true, expected false without controller.enabled: the controller serves the page',
  ],
  ['--set=legacyIptables=true,backend=ipvs', 'legacyIptables: found true, expected false'],
  [
    '--set=kubeProxyConfig.mode=ipvs,kubeProxyConfigMap=kube-proxy',
    'kubeProxyConfig: found an object beside kubeProxyConfigMap, expected one of the two',
  ],
])('%s is refused', async (flag, said) => {
  await expect(template([flag])).rejects.toThrow(said)
})

describe('on an API server', () => {
  let server: ApiServer
  let forOldServer: string

  beforeAll(async () => {
    server = await ApiServer.start()
    forOldServer = join(helm4.folder, 'chart')
    copyForOldServer(forOldServer)
  }, 600_000)
  afterAll(() => server.stop())

  const release = (verb: string, ...args: readonly string[]) =>
    helm4.run([
      verb,
      'nodelb',
      ...args,
      '--namespace=kube-system',
      `--kubeconfig=${server.kubeconfig()}`,
    ])

  async function done(verb: string, ...args: readonly string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await release(verb, ...args)
    if (exitCode !== 0) throw new Error(stderr)
    return stdout
  }

  const daemonSet = () =>
    server.admin.call('GET', '/apis/apps/v1/namespaces/kube-system/daemonsets/nodelb')
  const secret = () =>
    server.admin.call('GET', '/api/v1/namespaces/kube-system/secrets/nodelb-members')
  const has = async (path: string) => (await server.admin.ask('GET', path)).status === 200
  const POOLS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ipaddresspools.metallb.io'

  test('a server without EndpointSlice v1 is refused', async () => {
    await expect(done('install', chart)).rejects.toThrow('requires kubeVersion: >=1.21.0-0')
  })

  test('a release is installed, upgraded, taken back and removed', async () => {
    const all = ['--set=layer2.enabled=true,crds.enabled=true,controller.enabled=true']
    const notes = await done('install', forOldServer, ...all)
    expect(notes).toContain('exec daemonset/nodelb -- nodelb status')
    expect(await has(POOLS)).toBe(true)
    const { data } = await secret()
    const [agent] = (await daemonSet()).spec.template.spec.containers
    expect(agent.args).toEqual(['run', '--config=/etc/nodelb/config.yaml'])

    await done(
      'upgrade',
      forOldServer,
      ...all,
      '--set=metrics.enabled=true,metrics.podMonitor=false',
    )
    const [scraped] = (await daemonSet()).spec.template.spec.containers
    expect(scraped.args).toContain('--metrics-listen=$(NODE_IP):10266')
    // Agents with different keys do not hear each other.
    expect((await secret()).data).toEqual(data)

    await done('rollback', '1')
    const [former] = (await daemonSet()).spec.template.spec.containers
    expect(former.args).toEqual(agent.args)
    expect((await secret()).data).toEqual(data)

    await done('uninstall')
    for (const path of [
      '/apis/apps/v1/namespaces/kube-system/daemonsets/nodelb',
      '/apis/apps/v1/namespaces/kube-system/deployments/nodelb-controller',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/nodelb-layer2',
    ]) {
      expect(await has(path)).toBe(false)
    }
    // Without them all pools of the cluster were gone.
    expect(await has(POOLS)).toBe(true)
  })

  test('the kind of nodelb comes and goes with the page, and stays where it is from elsewhere', async () => {
    const path =
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodelbnodestatuses.nodelb.io'
    const page = '--set=controller.enabled=true,ui.enabled=true'
    await done('install', forOldServer, page)
    expect(await has(path)).toBe(true)
    await done('upgrade', forOldServer, page)
    expect(await has(path)).toBe(true)
    await done('upgrade', forOldServer, '--set=controller.enabled=true')
    await eventually(async () => !(await has(path)))

    // As `kubectl apply -k deploy/crds` does, which the log of an agent asks for.
    const [own] = definitions().filter(({ spec }) => spec.group === 'nodelb.io')
    await server.admin.call('POST', dirname(path), own)
    await done('upgrade', forOldServer, page)
    await done('uninstall')
    expect(await has(path)).toBe(true)
  }, 120_000)

  test('a change of the configuration leaves the Pods alone', async () => {
    await done('install', forOldServer)
    const { generation } = (await daemonSet()).metadata
    await done('upgrade', forOldServer, '--set=config.comparePeriod=5m')
    expect((await daemonSet()).metadata.generation).toBe(generation)
    await done('uninstall')
  })
})
