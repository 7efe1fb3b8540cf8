import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { defaultConfig, readConfig } from '../../src/config/config.ts'
import { CLUSTER_RESOURCES } from '../../src/watch/cluster-lists.ts'
import { resources } from '../../src/watch/resources.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
type Manifest = any

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url))

/** What kubectl builds of an overlay; test/e2e/manifests.test.ts keeps the file up to date. */
function built(overlay: string): Manifest[] {
  const text = readFileSync(`${deploy}overlays/${overlay}/expected.yaml`, 'utf8')
  return parseAllDocuments(text).map((document) => document.toJS())
}

function only(kind: string, manifests: readonly Manifest[]): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind)
  expect(found).toHaveLength(1)
  return found[0]
}

describe.each(['load-balancer', 'all'])('overlay %s', (overlay) => {
  const manifests = built(overlay)
  const pod = only('DaemonSet', manifests).spec.template.spec
  const [agent, ...others] = pod.containers

  test('has these objects, and no Role, Secret or webhook', () => {
    const kinds = manifests.map(({ kind }) => kind)
    const expected = ['ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'DaemonSet']
    expect([...new Set(kinds)].sort()).toEqual([...expected, 'ServiceAccount'])
  })

  test('lets the agent read what it watches and write Events', () => {
    expect(only('ClusterRole', manifests).rules).toEqual([
      { apiGroups: [''], resources: ['services', 'nodes'], verbs: ['list', 'watch'] },
      {
        apiGroups: ['discovery.k8s.io'],
        resources: ['endpointslices'],
        verbs: ['list', 'watch'],
      },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['nodelb.io'], resources: ['nodelbnodestatuses'], verbs: ['create'] },
      { apiGroups: ['nodelb.io'], resources: ['nodelbnodestatuses/status'], verbs: ['patch'] },
    ])
    const binding = only('ClusterRoleBinding', manifests)
    const { name, namespace } = only('ServiceAccount', manifests).metadata
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }])
    expect(binding.roleRef.name).toBe(only('ClusterRole', manifests).metadata.name)
    expect(pod.serviceAccountName).toBe(name)
  })

  test('runs the agent with CAP_NET_ADMIN and nothing else', () => {
    expect(others).toEqual([])
    expect(agent.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    })
    expect(pod.securityContext).toEqual({
      runAsUser: 0,
      runAsGroup: 0,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(pod).not.toHaveProperty('hostPID')
    expect(pod).not.toHaveProperty('hostIPC')
  })

  test('shows it nothing of the node but its network', () => {
    expect(pod.hostNetwork).toBe(true)
    expect(pod.volumes).toEqual([
      { name: 'config', configMap: { name: 'nodelb' } },
      { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ])
  })

  test('runs it on every node, before other Pods, and a few at a time', () => {
    expect(pod.priorityClassName).toBe('system-node-critical')
    expect(pod.tolerations).toEqual([{ operator: 'Exists' }])
    const { updateStrategy } = only('DaemonSet', manifests).spec
    expect(updateStrategy.rollingUpdate).toEqual({ maxUnavailable: '10%' })
  })

  test('asks it on loopback whether it lives and is ready', () => {
    const { name } = agent.ports.find((port: Manifest) => port.containerPort === 10266)
    const at = { host: '127.0.0.1', port: name }
    expect(agent.livenessProbe.httpGet).toEqual({ ...at, path: '/livez' })
    expect(agent.readinessProbe.httpGet).toEqual({ ...at, path: '/readyz' })
  })

  test('names an image of this version', () => {
    expect(agent.image).toBe(`registry.example.com/nodelb:${packageJson.version}`)
  })

  test('has a configuration of that scope, under a name that stays', () => {
    const map = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'nodelb',
    )
    const read = readConfig(map.data['config.yaml'], 'config.yaml')
    expect(read).toMatchObject({ kind: 'config', config: { scope: overlay } })
    expect(agent.args).toContain('--config=/etc/nodelb/config.yaml')
    expect(agent.volumeMounts).toContainEqual({
      name: 'config',
      mountPath: '/etc/nodelb',
      readOnly: true,
    })
  })
})

test('beside kube-proxy nothing is privileged', () => {
  const text = JSON.stringify(built('load-balancer'))
  expect(text).not.toContain('initContainers')
  expect(text).not.toContain('privileged')
})

test('instead of kube-proxy only the container that sets sysctls is, and it ends', () => {
  const { initContainers, containers } = only('DaemonSet', built('all')).spec.template.spec
  expect(initContainers).toHaveLength(1)
  expect(initContainers[0]).toMatchObject({
    image: containers[0].image,
    args: ['prepare', '--config=/etc/nodelb/config.yaml'],
    securityContext: { privileged: true, readOnlyRootFilesystem: true },
  })
  expect(initContainers[0]).not.toHaveProperty('restartPolicy')
})

test('the component for iptables-legacy adds a capability and the lock of its tables alone', () => {
  const read = (file: string) => parse(readFileSync(`${deploy}components/iptables/${file}`, 'utf8'))
  const [patch, ...others] = read('kustomization.yaml').patches
  expect(others).toEqual([])
  const name = 'xtables-lock'
  const path = '/run/xtables.lock'
  expect(read(patch.path).spec.template.spec).toEqual({
    containers: [
      {
        name: 'agent',
        securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
        volumeMounts: [{ name, mountPath: path }],
      },
    ],
    volumes: [{ name, hostPath: { path, type: 'FileOrCreate' } }],
  })
})

/** What writes a ConfigurationState of a name that no Role can give: each node has its own. */
const STATE_RULES = [
  { apiGroups: ['metallb.io'], resources: ['configurationstates'], verbs: ['get', 'create'] },
  { apiGroups: ['metallb.io'], resources: ['configurationstates/status'], verbs: ['patch'] },
]

test('the component for layer 2 adds a capability, a key and few rights', () => {
  const read = (file: string) =>
    parseAllDocuments(readFileSync(`${deploy}components/layer2/${file}`, 'utf8')).map((each) =>
      each.toJS(),
    )
  const rules = (kind: string): Manifest[] =>
    read('account.yaml')
      .filter((manifest) => manifest.kind === kind)
      .flatMap((manifest) => manifest.rules)
  expect(rules('ClusterRole')).toEqual([
    {
      apiGroups: ['metallb.io'],
      resources: ['ipaddresspools', 'l2advertisements'],
      verbs: ['list', 'watch'],
    },
  ])
  expect(rules('Role').flatMap(({ resources }) => resources)).toEqual([
    'configmaps',
    'servicel2statuses',
    'servicel2statuses/status',
    'configurationstates',
    'configurationstates/status',
  ])
  expect(rules('Role').slice(-2)).toEqual(STATE_RULES)
  expect(read('agent.yaml')[0].spec.template.spec).toEqual({
    containers: [
      { name: 'agent', securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } },
    ],
  })
  const { volumes, ...others } = read('key.yaml')[0].spec.template.spec
  expect(others).toEqual({})
  expect(volumes.map(({ name }: Manifest) => name)).toEqual(['config'])
  const [service] = read('agents.yaml')
  expect(service.metadata.name).toBe('nodelb-agents')
  expect(resources['agent-endpointslices'].labels).toBe(
    `kubernetes.io/service-name=${service.metadata.name}`,
  )
})

test('the component for BGP adds an engine without any capability, and few rights', () => {
  const read = (file: string) =>
    parseAllDocuments(readFileSync(`${deploy}components/bgp/${file}`, 'utf8')).map((each) =>
      each.toJS(),
    )
  const manifests = read('account.yaml')
  // Secrets are given by name, in the namespace of the BGPPeers.
  const kinds = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
  expect(manifests.map(({ kind }) => kind)).toEqual(kinds)
  expect(manifests[2].rules).toEqual([
    {
      apiGroups: ['metallb.io'],
      resources: ['servicebgpstatuses'],
      verbs: ['list', 'create', 'delete'],
    },
    { apiGroups: ['metallb.io'], resources: ['servicebgpstatuses/status'], verbs: ['patch'] },
    ...STATE_RULES,
  ])
  expect(manifests[0].rules).toEqual([
    {
      apiGroups: ['metallb.io'],
      resources: ['ipaddresspools', 'bgppeers', 'bgpadvertisements', 'bfdprofiles', 'communities'],
      verbs: ['list', 'watch'],
    },
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['config'],
      verbs: ['list', 'watch'],
    },
  ])
  const [patches] = read('engine.yaml')
  const pod = '/spec/template/spec'
  const [engine, ...others] = patches
  expect(engine.path).toBe(`${pod}/containers/-`)
  expect(engine.value.securityContext).toEqual({
    runAsUser: 65532,
    runAsGroup: 65532,
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  const mount = { name: 'frr', mountPath: '/run/frr' }
  expect(engine.value.volumeMounts).toEqual([mount])
  expect(others).toEqual([
    { op: 'add', path: `${pod}/securityContext/supplementalGroups`, value: [65532] },
    { op: 'add', path: `${pod}/containers/0/volumeMounts/-`, value: mount },
    {
      op: 'add',
      path: `${pod}/volumes/-`,
      value: { name: 'frr', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    },
  ])
  expect(defaultConfig.announce.bgp.frr.sockets).toBe(mount.mountPath)
})

test('what announces knows its Pod, which owns the statuses', () => {
  for (const component of ['layer2', 'bgp']) {
    const { spec } = parse(readFileSync(`${deploy}components/${component}/pod.yaml`, 'utf8'))
    const { containers, ...others } = spec.template.spec
    expect(others).toEqual({})
    const names = containers[0].env.map(({ name }: Manifest) => name)
    expect(names).toEqual(['POD_NAMESPACE', 'POD_NAME', 'POD_UID'])
  }
})

test('the component for BGP with BFD gives each daemon what FRR asks for, and no more', () => {
  const text = (file: string) => readFileSync(`${deploy}components/bgp-bfd/${file}`, 'utf8')
  const added = parse(text('engines.yaml')).flatMap(({ value }: Manifest) =>
    value.name === 'frr-users' ? [] : [value],
  )
  const [, bgpd] = parse(text('bgpd.yaml')).spec.template.spec.containers
  const rights = [...added, bgpd].map(({ name, securityContext }: Manifest) => {
    expect(securityContext).toMatchObject({ runAsUser: 0, capabilities: { drop: ['ALL'] } })
    return `${name}: ${securityContext.capabilities.add.join(' ')}`
  })
  expect(rights).toEqual([
    'zebra: SETUID SETGID NET_ADMIN NET_RAW SYS_ADMIN',
    'bfdd: SETUID SETGID NET_BIND_SERVICE NET_RAW SYS_ADMIN',
    'frr: SETUID SETGID NET_BIND_SERVICE NET_ADMIN NET_RAW SYS_ADMIN',
  ])
  for (const { allowPrivilegeEscalation, readOnlyRootFilesystem } of added.map(
    ({ securityContext }: Manifest) => securityContext,
  )) {
    expect([allowPrivilegeEscalation, readOnlyRootFilesystem]).toEqual([false, true])
  }
})

test('the component for frr-k8s reads no Secret, and writes nothing of frr-k8s but FRRConfigurations', () => {
  const text = readFileSync(`${deploy}components/bgp-frr-k8s/account.yaml`, 'utf8')
  const manifests: Manifest[] = parseAllDocuments(text).map((each) => each.toJS())
  const rules = manifests.flatMap(({ rules: own = [] }) => own)
  const said = rules.map(({ resources: kinds, verbs }) => `${kinds.join(' ')}: ${verbs.join(' ')}`)
  expect(said).toEqual([
    'ipaddresspools bgppeers bgpadvertisements bfdprofiles communities: list watch',
    'configmaps: list watch',
    'frrconfigurations: create patch delete',
    'servicebgpstatuses: list create delete',
    'servicebgpstatuses/status: patch',
    'configurationstates: get create',
    'configurationstates/status: patch',
  ])
})

test('the component for ipvs brings the container that sets sysctls, and a folder that outlasts it', () => {
  const read = (file: string) => parse(readFileSync(`${deploy}components/ipvs/${file}`, 'utf8'))
  const { patches, replacements } = read('kustomization.yaml')
  expect(patches).toEqual([{ path: 'prepare.yaml' }])
  const { initContainers, volumes, ...others } = read('prepare.yaml').spec.template.spec
  expect(others).toEqual({})
  const [prepare] = only('DaemonSet', built('all')).spec.template.spec.initContainers
  const { image: _, volumeMounts, ...usual } = prepare
  const run = { name: 'run', mountPath: '/run/nodelb' }
  expect(initContainers).toEqual([
    { ...usual, image: 'nodelb', volumeMounts: [...volumeMounts, run] },
  ])
  const hostPath = { path: '/run/nodelb', type: 'DirectoryOrCreate' }
  expect(volumes).toEqual([{ name: 'run', emptyDir: null, hostPath }])
  expect(replacements[0].targets[0].fieldPaths).toEqual([
    'spec.template.spec.initContainers.[name=prepare].image',
  ])
})

test('the image has the programs of iptables', () => {
  const dockerfile = readFileSync(`${deploy}../Dockerfile`, 'utf8')
  expect(dockerfile).toMatch(/apt-get install [^\n]*\biptables\b/)
})

test('instead of kube-proxy the agent is told where the API server really is', () => {
  const manifests = built('all')
  const [agent] = only('DaemonSet', manifests).spec.template.spec.containers
  const { name } = agent.envFrom[0].configMapRef
  const map = manifests.find(({ metadata }) => metadata.name === name)
  expect(Object.keys(map.data)).toEqual(['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'])
})

test('the component for the page lets the controller follow what the page shows, and nothing more', () => {
  const rulesOf = (component: string, kind: string): Manifest[] =>
    parseAllDocuments(readFileSync(`${deploy}components/${component}/account.yaml`, 'utf8'))
      .map((each) => each.toJS())
      .filter((manifest) => manifest.kind === kind)
      .flatMap((manifest) => manifest.rules)
  const listed = (rules: readonly Manifest[]): string[] =>
    rules
      .filter(({ verbs }) => verbs.join() === 'list,watch')
      .flatMap(({ apiGroups: [group], resources: names }) => {
        return names.map((name: string) => `${group} ${name}`)
      })
  const needed = CLUSTER_RESOURCES.map((each) => {
    const { apiVersion, plural } = resources[each]
    return `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''} ${plural}`
  })
  const ui = rulesOf('ui', 'ClusterRole')
  const both = [...listed(rulesOf('controller', 'ClusterRole')), ...listed(ui)]
  expect(both.sort()).toEqual([...needed].sort())
  expect(listed(ui)).toHaveLength(ui.flatMap((rule) => rule.resources).length)
  expect(rulesOf('ui', 'Role')).toEqual([
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['nodelb'], verbs: ['get'] },
  ])
})
