import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
type Manifest = any

const overlays = fileURLToPath(new URL('../../deploy/overlays/', import.meta.url))
const components = fileURLToPath(new URL('../../deploy/components/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-manifests-'))
let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
}, 600_000)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.stop()
})

/**
 * What kubectl makes of a kustomization. Kustomizations of today need kubectl 1.22: Debian 12 has
 * an older one, which is good enough for the API server beside it.
 */
async function build(path: string): Promise<Manifest[]> {
  const { stdout } = await execa('kubectl', ['kustomize', path])
  return parseAllDocuments(stdout).map((document) => document.toJS())
}

/** What kubectl makes of an overlay with components in this order. */
function buildWith(overlay: string, names: readonly string[]): Promise<Manifest[]> {
  const resources = [relative(folder, join(overlays, overlay))]
  const used = names.map((name) => relative(folder, join(components, name)))
  const kustomization = { namespace: 'kube-system', resources, components: used }
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
  return build(folder)
}

/** The same for every version of kubectl. */
function print(manifests: readonly Manifest[]): string {
  const sorted = [...manifests].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en'))
  return sorted
    .map((manifest) => stringify(manifest, { sortMapEntries: true, lineWidth: 0 }))
    .join('---\n')
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`
}

/** What the API server says to the manifests, which it is to check and then forget. */
function tryOut(manifests: readonly Manifest[]) {
  return kubectl(['apply', '--dry-run=server', '--filename=-'], print(manifests))
}

/** Those that the API server knows: it has no kinds of the Prometheus Operator. */
function known(manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'))
}

/** kubectl of the API server's own version, as its admin. */
function kubectl(args: readonly string[], input: string) {
  const program = join(server.programs, 'kubectl')
  const all = [`--kubeconfig=${server.kubeconfig()}`, ...args]
  return execa(program, all, { input, reject: false })
}

describe.each(['load-balancer', 'all', 'controller'])('overlay %s', (overlay) => {
  const path = join(overlays, overlay)

  test('is built as test/house/deploy.test.ts examines it', async () => {
    await expect(print(await build(path))).toMatchFileSnapshot(join(path, 'expected.yaml'))
  })

  test('is what the API server takes', async () => {
    const manifests = await build(path)
    const { stdout, stderr } = await tryOut(manifests)
    expect(stderr).toBe('')
    const said = stdout.split('\n')
    expect(said).toHaveLength(manifests.length)
    for (const line of said) expect(line).toMatch(/ created \(server dry run\)$/)
  })
})

test.each<[string, (pod: Manifest) => void, RegExp]>([
  ['an unknown field', (pod) => Object.assign(pod, { hostNetwrok: true }), /unknown field/],
  ['a wrong type', (pod) => Object.assign(pod, { terminationGracePeriodSeconds: 'x' }), /invalid/],
  ['a missing volume', (pod) => Object.assign(pod, { volumes: [] }), /volumeMounts.*Not found/],
])('the API server notices %s', async (_, spoil, complaint) => {
  const manifests = await build(join(overlays, 'all'))
  spoil(manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec)
  expect((await tryOut(manifests)).stderr).toMatch(complaint)
})

test('with the metrics component metrics are on the address of the node, probes on loopback', async () => {
  const manifests = await buildWith('load-balancer', ['controller', 'metrics'])
  const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet')
  const [agent] = daemonSet.spec.template.spec.containers
  expect(agent.args).toContain('--metrics-listen=$(NODE_IP):10266')
  const loopback = { host: '127.0.0.1', port: 'http' }
  expect(agent.livenessProbe.httpGet).toEqual({ ...loopback, path: '/livez' })
  expect(agent.readinessProbe.httpGet).toEqual({ ...loopback, path: '/readyz' })
  const monitors = manifests.filter(({ kind }) => kind === 'PodMonitor')
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')
  const selected = monitors.map(({ metadata, spec }) => [metadata.namespace, spec.selector])
  expect(new Set(selected)).toEqual(
    new Set(
      [deployment, daemonSet].map(({ metadata, spec }) => [metadata.namespace, spec.selector]),
    ),
  )
  for (const { spec } of monitors) expect(spec.podMetricsEndpoints[0].port).toBe('http')
  expect(manifests.map(({ kind }) => kind)).toContain('PrometheusRule')
  const { stderr } = await tryOut(known(manifests))
  expect(stderr).toBe('')
})

test('without the Prometheus Operator nothing of its kinds is there', async () => {
  const manifests = await buildWith('load-balancer', ['controller', 'metrics-annotations'])
  const { stderr } = await tryOut(manifests)
  expect(stderr).toBe('')
})

test('with the iptables component it has what iptables-legacy needs', async () => {
  const manifests = await buildWith('all', ['metrics', 'iptables'])
  const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
  const [agent] = pod.containers
  expect(agent.securityContext.capabilities).toEqual({
    drop: ['ALL'],
    add: ['NET_ADMIN', 'NET_RAW'],
  })
  const path = '/run/xtables.lock'
  expect(agent.volumeMounts).toContainEqual({ name: 'xtables-lock', mountPath: path })
  expect(pod.volumes).toContainEqual({
    name: 'xtables-lock',
    hostPath: { path, type: 'FileOrCreate' },
  })
  const { stderr } = await tryOut(known(manifests))
  expect(stderr).toBe('')
})

const OWN_POD = ['POD_NAMESPACE', 'POD_NAME', 'POD_UID']

function variablesOf(container: Manifest): readonly string[] {
  return container.env.map(({ name }: Manifest) => name).sort()
}

test.each([
  ['load-balancer', ['bgp']],
  ['load-balancer', ['bgp', 'metrics', 'layer2']],
  ['all', ['layer2', 'ipvs', 'bgp']],
])('overlay %s with the components %s has an engine for BGP', async (overlay, names) => {
  const manifests = await buildWith(overlay, names)
  const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
  expect(pod.containers.map(({ name }: Manifest) => name)).toEqual(['agent', 'frr'])
  const mount = { name: 'frr', mountPath: '/run/frr' }
  for (const { volumeMounts } of pod.containers) expect(volumeMounts).toContainEqual(mount)
  // Each once, also where announcing on layer 2 asks for the same.
  const others = names.includes('metrics') ? ['NODE_IP', 'NODE_NAME'] : ['NODE_NAME']
  expect(variablesOf(pod.containers[0])).toEqual([...OWN_POD, ...others].sort())
  expect(pod.containers[1].securityContext.capabilities).toEqual({ drop: ['ALL'] })
  expect((await tryOut(known(manifests))).stderr).toBe('')
})

test.each([
  ['load-balancer', ['bgp-bfd']],
  ['load-balancer', ['bgp-bfd', 'metrics', 'layer2']],
  ['all', ['layer2', 'ipvs', 'bgp-bfd']],
])('overlay %s with the components %s has FRR with BFD', async (overlay, names) => {
  const manifests = await buildWith(overlay, names)
  const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
  // Other components know the agent as the first one.
  expect(pod.containers.map(({ name }: Manifest) => name)).toEqual([
    'agent',
    'frr',
    'zebra',
    'bfdd',
  ])
  const users = ['passwd', 'group'].map((file) => {
    return { name: 'frr-users', mountPath: `/etc/${file}`, subPath: file, readOnly: true }
  })
  for (const { image, volumeMounts, securityContext } of pod.containers.slice(1)) {
    expect(image).toBe('frr')
    expect(volumeMounts).toHaveLength(3)
    for (const mount of [...users, { name: 'frr', mountPath: '/run/frr' }]) {
      expect(volumeMounts).toContainEqual(mount)
    }
    const { capabilities, ...others } = securityContext
    expect(others).toEqual({
      ...{ runAsUser: 0, runAsGroup: 0 },
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    })
    expect(capabilities.drop).toEqual(['ALL'])
  }
  expect((await tryOut(known(manifests))).stderr).toBe('')
})

test.each([
  ['load-balancer', ['bgp-frr-k8s']],
  ['all', ['layer2', 'bgp-frr-k8s', 'metrics']],
])('overlay %s with the components %s leaves FRR to frr-k8s', async (overlay, names) => {
  const manifests = await buildWith(overlay, names)
  const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
  expect(pod.containers.map(({ name }: Manifest) => name)).toEqual(['agent'])
  const variables = pod.containers[0].env.map(({ name }: Manifest) => name)
  expect(variables).toEqual(expect.arrayContaining(['POD_NAMESPACE', 'POD_NAME', 'POD_UID']))
  expect((await tryOut(known(manifests))).stderr).toBe('')
})

test.each([
  ['load-balancer', ['metrics', 'layer2']],
  // In whatever order: the component for ipvs has volumes, too.
  ['load-balancer', ['metrics', 'ipvs', 'layer2']],
  ['all', ['metrics', 'layer2', 'ipvs']],
])('overlay %s with the components %s announces', async (overlay, names) => {
  const manifests = await buildWith(overlay, names)
  const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
  const [agent] = pod.containers
  expect(agent.securityContext.capabilities).toEqual({
    drop: ['ALL'],
    add: ['NET_ADMIN', 'NET_RAW'],
  })
  expect(variablesOf(agent)).toEqual([...OWN_POD, 'NODE_IP', 'NODE_NAME'].sort())
  const config = pod.volumes.find(({ name }: Manifest) => name === 'config')
  expect(Object.keys(config).sort()).toEqual(['name', 'projected'])
  expect(config.projected.sources).toEqual([
    { configMap: { name: 'nodelb' } },
    {
      secret: {
        name: 'nodelb-members',
        items: [{ key: 'secretkey', path: 'members/secretkey' }],
      },
    },
  ])
  expect(pod.volumes.map(({ name }: Manifest) => name).sort()).toEqual(['config', 'run'])
  const service = manifests.find(({ kind }) => kind === 'Service')
  const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet')
  expect(service.spec.selector).toEqual(daemonSet.spec.selector.matchLabels)
  expect(service.metadata.name).toBe('nodelb-agents')
  const { stderr } = await tryOut(known(manifests))
  expect(stderr).toBe('')
})

test.each(['load-balancer', 'all'])(
  'with the ipvs component overlay %s keeps on the node what sysctls were',
  async (overlay) => {
    const manifests = await buildWith(overlay, ['ipvs'])
    const pod = manifests.find(({ kind }) => kind === 'DaemonSet').spec.template.spec
    const [[prepare, ...others], [agent]] = [pod.initContainers, pod.containers]
    expect(others).toEqual([])
    expect(prepare.image).toBe(agent.image)
    const run = { name: 'run', mountPath: '/run/nodelb' }
    for (const { volumeMounts } of [prepare, agent]) expect(volumeMounts).toContainEqual(run)
    const hostPath = { path: run.mountPath, type: 'DirectoryOrCreate' }
    expect(pod.volumes).toContainEqual({ name: 'run', hostPath })
    expect((await tryOut(manifests)).stderr).toBe('')
  },
)

describe('with the token of its ServiceAccount', () => {
  let agent: Api

  beforeAll(async () => {
    const rights = (await build(join(overlays, 'all'))).filter(({ kind }) =>
      ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'].includes(kind),
    )
    expect((await kubectl(['apply', '--filename=-'], print(rights))).stderr).toBe('')
    const token = await server.serviceAccountToken('kube-system', 'nodelb')
    agent = new Api({ port: server.port, ca: server.certificate, token })
  })
  afterAll(() => agent.close())

  test('the agent may do what it does, and nothing else', async () => {
    const review = { spec: { namespace: 'default' } }
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
    const { status } = await agent.call('POST', path, review)
    expect(status.resourceRules.map(said).sort()).toEqual([
      'create, patch: events of events.k8s.io',
      // What every account may: ask what it may.
      'create: nodelbnodestatuses of nodelb.io',
      'create: selfsubjectaccessreviews, selfsubjectrulesreviews of authorization.k8s.io',
      'list, watch: endpointslices of discovery.k8s.io',
      'list, watch: services, nodes of ',
      'patch: nodelbnodestatuses/status of nodelb.io',
    ])

    function said({ verbs, resources, apiGroups, resourceNames }: Manifest): string {
      expect(resourceNames).toBeUndefined()
      return `${verbs.join(', ')}: ${resources.join(', ')} of ${apiGroups.join(', ')}`
    }
  })

  test('it reads its Node, and no other kind of object', async () => {
    const node = '/api/v1/nodes?fieldSelector=metadata.name%3Dnode-a'
    expect((await agent.ask('GET', node)).status).toBe(200)
    expect((await agent.ask('GET', '/api/v1/secrets')).status).toBe(403)
  })

  test('it may write an Event and change it', async () => {
    const path = '/apis/events.k8s.io/v1/namespaces/default/events'
    const eventTime = new Date().toISOString().replace('Z', '000Z')
    const event = {
      metadata: { name: 'web.1' },
      eventTime,
      reportingController: 'nodelb',
      reportingInstance: 'node-a',
      type: 'Warning',
      reason: 'AddressContested',
      action: 'Program',
      note: 'another Service has it',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'web' },
    }
    expect((await agent.ask('POST', path, event)).status).toBe(201)
    const series = { count: 2, lastObservedTime: eventTime }
    expect((await agent.ask('PATCH', `${path}/web.1`, { series })).status).toBe(200)
  })
})

test.each(['load-balancer', 'all'])(
  'with the controller component overlay %s gives addresses, too',
  async (overlay) => {
    const manifests = await buildWith(overlay, ['controller'])
    const kinds = manifests.map(({ kind }) => kind)
    expect(kinds).toContain('DaemonSet')
    const { spec } = manifests.find(({ kind }) => kind === 'Deployment')
    const [controller] = spec.template.spec.containers
    expect(spec.replicas).toBe(2)
    expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true)
    expect(controller.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect((await tryOut(manifests)).stderr).toBe('')
  },
)

test('the controller may do what it does, and nothing else', async () => {
  const rights = (await build(join(overlays, 'controller'))).filter(({ kind }) =>
    /Account|Role/.test(kind),
  )
  expect((await kubectl(['apply', '--filename=-'], print(rights))).stderr).toBe('')
  const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
  const controller = new Api({ port: server.port, ca: server.certificate, token })
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
  const { status } = await controller.call('POST', path, { spec: { namespace: 'kube-system' } })
  const said = ({ verbs, resources, apiGroups, resourceNames = [] }: Manifest): string =>
    [
      `${verbs.join(', ')}: ${resources.join(', ')} of ${apiGroups.join(', ')}`,
      ...resourceNames,
    ].join(' ')
  expect(status.resourceRules.map(said).sort()).toEqual([
    'create, patch: events of events.k8s.io',
    // What every account may: ask what it may.
    'create: configurationstates of metallb.io',
    'create: leases of coordination.k8s.io',
    'create: selfsubjectaccessreviews, selfsubjectrulesreviews of authorization.k8s.io',
    'get, patch: leases of coordination.k8s.io nodelb-controller',
    'get: configurationstates of metallb.io controller',
    'list, watch: configmaps of ',
    'list, watch: endpointslices of discovery.k8s.io',
    'list, watch: ipaddresspools of metallb.io',
    'list, watch: services, namespaces, nodes of ',
    'patch: configurationstates/status of metallb.io controller',
    'patch: ipaddresspools/status of metallb.io',
    'patch: services/status of ',
  ])
  controller.close()
})
