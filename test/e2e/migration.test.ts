import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, onTestFailed, test } from 'vitest'
import { definitions } from '../support/crds.ts'
import { eventually } from '../support/eventually.ts'
import { RunningController } from '../support/running-controller.ts'
import { ApiServer } from './support/apiserver.ts'
import { balanced, paths, pool } from './support/controllers.ts'
import { Manual } from './support/manual.ts'
import { StatusChecker } from './support/status-checker.ts'

// biome-ignore lint/suspicious/noExplicitAny: a Service, as the API server has it
type Service = any

const services = paths.services('default')
const deployments = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`
const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const nodes = '/api/v1/nodes'
const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const metallbPools = paths.pools.replace('kube-system', 'metallb-system')
const folder = mkdtempSync(join(tmpdir(), 'nodelb-migration-'))
let server: ApiServer
let manual: Manual
let checker: StatusChecker

beforeAll(async () => {
  server = await ApiServer.start()
  await server.admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'metallb-system' } })
  await server.admin.create(definitionsPath, definitions())
  await eventually(async () => (await server.admin.ask('GET', paths.pools)).status === 200)
  checker = new StatusChecker(server)
  manual = new Manual('docs/migration.md', server)
}, 600_000)

afterEach(async () => {
  for (const { metadata } of (await server.admin.call('GET', services)).items) {
    if (metadata.name === 'kubernetes') continue
    await server.admin.call('PATCH', `${services}/${metadata.name}`, {
      metadata: { finalizers: null },
    })
    await server.admin.call('DELETE', `${services}/${metadata.name}`)
  }
  await server.admin.call('DELETE', nodes)
})

afterAll(async () => {
  manual?.close()
  await checker?.end()
  rmSync(folder, { recursive: true })
  await server?.stop()
})

/** A Service as another program has left it. */
async function left(name: string, ip: string, metadata: object = {}, spec = {}): Promise<void> {
  const service: Service = balanced(name, spec)
  await server.admin.call('POST', services, { ...service, metadata: { name, ...metadata } })
  const status = { loadBalancer: { ingress: [{ ip }] } }
  await server.admin.call('PATCH', `${services}/${name}/status`, { status })
}

/** A Node as it is known to k3s. */
async function node(name: string, address: string): Promise<void> {
  await server.admin.call('POST', nodes, { metadata: { name } })
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    addresses: [{ type: 'InternalIP', address }],
  }
  await server.admin.call('PATCH', `${nodes}/${name}/status`, { status })
}

/** As MetalLB installs it; nobody answers it here, as when its controller is gone. */
const webhook = {
  metadata: { name: 'metallb-webhook-configuration' },
  webhooks: [
    {
      name: 'ipaddresspoolvalidationwebhook.metallb.io',
      admissionReviewVersions: ['v1'],
      clientConfig: {
        service: {
          name: 'webhook-service',
          namespace: 'metallb-system',
          path: '/validate-metallb-io-v1beta1-ipaddresspool',
        },
      },
      failurePolicy: 'Fail',
      rules: [
        {
          apiGroups: ['metallb.io'],
          apiVersions: ['v1beta1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['ipaddresspools'],
        },
      ],
      sideEffects: 'None',
    },
  ],
}

/** The controller of another program. There is nobody here who would run its pods. */
async function deployed(namespace: string, name: string): Promise<void> {
  const labels = { app: name }
  const containers = [{ name, image: 'registry.example.com/it' }]
  await server.admin.ask('POST', deployments(namespace), {
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  })
}

async function replicas(namespace: string, name: string): Promise<number> {
  return (await server.admin.call('GET', `${deployments(namespace)}/${name}`)).spec.replicas
}

interface Moved {
  /** The Services before the controller ran, and after, by name. */
  readonly before: ReadonlyMap<string, Service>
  readonly after: ReadonlyMap<string, Service>
  /** The address of a Service that was created meanwhile. */
  readonly fresh: string
}

/** Goes the whole way there; the controller is started in place of the Deployment. */
async function migrate(from: string, spec: object = {}): Promise<Moved> {
  await manual.follow(from)
  const before = await all()
  const controller = await startAsDeployed()
  await controller.first('leading')
  await server.admin.call('POST', services, balanced('fresh', { ...spec }))
  await checker.until(() => checker.addressesOf('default/fresh').length > 0)
  const fresh = addressOf((await all()).get('fresh'))
  await server.admin.call('DELETE', `${services}/fresh`)
  await manual.follow('Afterwards')
  const after = await all()
  await controller.end('SIGTERM')
  return { before, after, fresh }
}

async function back(to: string): Promise<void> {
  await manual.follow(`Way back from nodelb to ${to}`)
  await manual.follow('Afterwards')
  expect(await replicas('kube-system', 'nodelb-controller')).toBe(0)
}

/** With the account and the configuration that the manual has installed. */
async function startAsDeployed(): Promise<RunningController> {
  const maps = '/api/v1/namespaces/kube-system/configmaps'
  const { data } = await server.admin.call('GET', `${maps}/nodelb-controller`)
  const config = join(folder, 'config.yaml')
  writeFileSync(config, data['config.yaml'])
  const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
  const controller = RunningController.start(server.kubeconfig({ token }), '--config', config)
  onTestFailed(async () => {
    await controller.end('SIGKILL')
    console.error(controller.transcript())
  })
  return controller
}

async function all(): Promise<ReadonlyMap<string, Service>> {
  const { items } = await server.admin.call('GET', services)
  return new Map(items.map((each: Service) => [each.metadata.name, each]))
}

function addressOf(service: Service): string {
  return service?.status.loadBalancer.ingress?.[0]?.ip ?? ''
}

function versionOf(service: Service): string {
  return service?.metadata.resourceVersion
}

test('from MetalLB and back no status is written that is right', async () => {
  const { admin } = server
  await deployed('metallb-system', 'controller')
  await admin.call('POST', metallbPools, pool('lan', ['192.168.1.240-192.168.1.250']))
  const mark = (prefix: string) => ({ [`${prefix}/ip-allocated-from-pool`]: 'lan' })
  await left('new', '192.168.1.245', { annotations: mark('metallb.io') })
  await left('old', '192.168.1.243', { annotations: mark('metallb.universe.tf') })
  await admin.call('POST', webhooks, webhook)
  const grown = { spec: { addresses: ['192.168.1.240-192.168.1.251'] } }
  await eventually(
    async () => (await admin.ask('PATCH', `${metallbPools}/lan`, grown)).status === 500,
  )
  expect(await manual.follow('Before')).not.toContain('Changes')
  const { before, after, fresh } = await migrate('MetalLB')
  for (const name of ['new', 'old']) {
    expect(versionOf(after.get(name))).toBe(versionOf(before.get(name)))
  }
  expect(fresh).toBe('192.168.1.240')
  expect(await replicas('metallb-system', 'controller')).toBe(0)
  await eventually(
    async () => (await admin.ask('PATCH', `${metallbPools}/lan`, grown)).status === 200,
  )
  await back('MetalLB')
  expect(await replicas('metallb-system', 'controller')).toBe(1)
  const { webhooks: restored } = await admin.call('GET', `${webhooks}/${webhook.metadata.name}`)
  expect(restored).toMatchObject(webhook.webhooks)
  await admin.call('DELETE', `${webhooks}/${webhook.metadata.name}`)
  await eventually(async () => (await admin.ask('DELETE', `${metallbPools}/lan`)).status === 200)
})

test('from MetalLB up to 0.12 and back addresses stay, and new ones are of the same range', async () => {
  await deployed('metallb-system', 'controller')
  await left('web', '192.168.1.245')
  await manual.follow('Before')
  const { after, fresh } = await migrate('MetalLB up to 0.12')
  expect(addressOf(after.get('web'))).toBe('192.168.1.245')
  expect(fresh).toBe('192.168.1.240')
  await back('MetalLB up to 0.12')
  expect(await replicas('metallb-system', 'controller')).toBe(1)
  await server.admin.call('DELETE', `${metallbPools}/default`)
})

const CLEANUP = 'service.kubernetes.io/load-balancer-cleanup'

test('from k3s ServiceLB and back addresses stay, and old Services can be deleted', async () => {
  await node('k3s', '192.168.1.50')
  const finalizers = [CLEANUP, 'svccontroller.k3s.cattle.io/daemonset']
  await left('traefik', '192.168.1.50', { finalizers })
  await left('old', '192.168.1.50', { finalizers }, { ports: [{ port: 81 }] })
  expect(await manual.follow('Before')).not.toContain('Changes')
  const { after, fresh } = await migrate('k3s ServiceLB', { ports: [{ port: 82 }] })
  expect(fresh).toBe('192.168.1.50')
  expect(after.get('traefik').metadata.finalizers).toBeUndefined()
  expect(addressOf(after.get('traefik'))).toBe('192.168.1.50')
  await back('k3s ServiceLB')
  await server.admin.call('DELETE', `${services}/old`)
  expect((await all()).has('old')).toBe(false)
})

test('from kube-vip and back addresses stay, and old Services can be deleted', async () => {
  await deployed('kube-system', 'kube-vip-cloud-provider')
  const annotations = { 'kube-vip.io/loadbalancerIPs': '192.168.1.225' }
  const metadata = { annotations, finalizers: [CLEANUP], labels: { implementation: 'kube-vip' } }
  await left('web', '192.168.1.225', metadata, { loadBalancerIP: '192.168.1.225' })
  await manual.follow('Before')
  const { after, fresh } = await migrate('kube-vip')
  expect(fresh).toBe('192.168.1.220')
  expect(after.get('web').metadata.finalizers).toBeUndefined()
  expect(addressOf(after.get('web'))).toBe('192.168.1.225')
  await back('kube-vip')
  expect(await replicas('kube-system', 'kube-vip-cloud-provider')).toBe(1)
  await server.admin.call('DELETE', `${paths.pools}/global`)
})

test('nothing that the manual says is left undone', () => {
  expect(manual.left()).toEqual([])
})
