import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api } from '../e2e/support/api.ts'
import { ApiServer } from '../e2e/support/apiserver.ts'
import {
  balanced,
  installAccount,
  installController,
  paths,
  pool,
} from '../e2e/support/controllers.ts'
import { freePort } from '../support/asking.ts'
import { toldNode } from '../support/calm-cluster.ts'
import { RunningController } from '../support/running-controller.ts'

const METALLB = '/apis/metallb.io/v1beta1/namespaces/kube-system'
const slicesOf = (namespace: string) =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`

/**
 * A real API server with three Nodes, pools and Services, and a real controller with the rights of deploy/ that
 * serves the page of it. What agents and other controllers would write, the tests write.
 */
export class ShopWorld {
  readonly server: ApiServer
  readonly folder: string
  /** The address of the page. */
  readonly url: string
  readonly controller: RunningController
  readonly #kubeconfig: string
  readonly #port: number

  static async begin(): Promise<ShopWorld> {
    const server = await ApiServer.start()
    await installController(server)
    await installAccount(server, 'ui')
    await fill(server.admin)
    const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
    const world = new ShopWorld(server, server.kubeconfig({ token }), await freePort())
    await world.controller.first('ui-listening')
    return world
  }

  private constructor(server: ApiServer, kubeconfig: string, port: number) {
    this.server = server
    this.#kubeconfig = kubeconfig
    this.#port = port
    this.folder = mkdtempSync(join(tmpdir(), 'nodelb-page-'))
    this.url = `http://127.0.0.1:${port}/`
    this.configure(true)
    this.controller = this.start(join(this.folder, 'config.yaml'))
  }

  /** A replica of the controller with this configuration. */
  start(config: string): RunningController {
    process.env['POD_NAME'] = 'nodelb-controller-6d5f'
    return RunningController.start(this.#kubeconfig, '--config', config)
  }

  /** Writes the configuration of the controller. */
  configure(enabled: boolean, port: number = this.#port, name = 'config.yaml'): string {
    const file = join(this.folder, name)
    const head = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
    writeFileSync(file, `${head}ui: {enabled: ${enabled}, bindAddress: "127.0.0.1:${port}"}\n`)
    return file
  }

  /** Sets which Pods of a Service are ready; resolves when the API server has it. */
  async endpoints(service: string, endpoints: readonly object[]): Promise<void> {
    const [namespace = '', name = ''] = service.split('/')
    await this.server.admin.call('PATCH', `${slicesOf(namespace)}/${name}-1`, { endpoints })
  }

  async end(): Promise<void> {
    await this.controller.end('SIGKILL')
    await this.server.stop()
    rmSync(this.folder, { recursive: true })
  }
}

/** An endpoint of a slice that is ready. */
export function ready(node: string, address: string): object {
  return { addresses: [address], nodeName: node, conditions: { ready: true } }
}

async function fill(admin: Api): Promise<void> {
  for (const each of [1, 2, 3]) await node(admin, each)
  for (const name of ['shop', 'data']) {
    await admin.call('POST', '/api/v1/namespaces', { metadata: { name } })
  }
  await admin.call('POST', paths.pools, pool('production', ['192.168.1.240-192.168.1.250']))
  await admin.call('POST', paths.pools, pool('wide', ['2001:db8:1::/64']))
  await admin.call('POST', `${METALLB}/l2advertisements`, {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'lan' },
  })
  await admin.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
    metadata: { name: 'nodelb' },
    data: { 'config.yaml': 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n' },
  })
  const local = { externalTrafficPolicy: 'Local' }
  await service(admin, 'shop/web', '192.168.1.240', [ready('k8s1', '10.42.1.18')], local)
  await service(admin, 'shop/api', '192.168.1.241', [
    ready('k8s1', '10.42.1.21'),
    ready('k8s2', '10.42.2.33'),
  ])
  await service(admin, 'shop/lonely', '192.168.1.242', [])
  await service(admin, 'data/postgres', '192.168.1.243', [ready('k8s3', '10.42.3.7')])
  await admin.call(
    'POST',
    paths.services('shop'),
    balanced('queue', { loadBalancerIP: '192.0.2.9' }),
  )
  await announced(admin, 'shop/web', 'k8s1')
  await announced(admin, 'shop/api', 'k8s2')
  await announced(admin, 'data/postgres', 'k8s3')
  await told(admin, 'k8s1', { p99Milliseconds: 12, changes: 40 })
  await told(admin, 'k8s2', { p99Milliseconds: 31, changes: 8, repairs: 1 })
  await told(admin, 'k8s3', { p99Milliseconds: 9, changes: 17 })
  await warn(admin)
}

async function node(admin: Api, number: number): Promise<void> {
  const name = `k8s${number}`
  const podCIDR = `10.42.${number}.0/24`
  await admin.call('POST', '/api/v1/nodes', {
    metadata: { name },
    spec: { podCIDR, podCIDRs: [podCIDR] },
  })
  const addresses = [{ type: 'InternalIP', address: `192.168.1.1${number}` }]
  await admin.call('PATCH', `/api/v1/nodes/${name}/status`, { status: { addresses } })
  const pods = '/api/v1/namespaces/kube-system/pods'
  await admin.call('POST', pods, {
    metadata: { name: `nodelb-${number}`, labels: { 'app.kubernetes.io/name': 'nodelb' } },
    spec: {
      nodeName: name,
      automountServiceAccountToken: false,
      containers: [{ name: 'agent', image: 'registry.example.com/nodelb:0.1.0' }],
      volumes: [{ name: 'config', configMap: { name: 'nodelb' } }],
    },
  })
  await admin.call('PATCH', `${pods}/nodelb-${number}/status`, {
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
}

/** A Service that has its address, and a slice with its endpoints. */
async function service(
  admin: Api,
  named: string,
  address: string,
  endpoints: readonly object[],
  more: object = {},
): Promise<void> {
  const [namespace = '', name = ''] = named.split('/')
  const services = paths.services(namespace)
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }]
  await admin.call('POST', services, balanced(name, { ports, loadBalancerIP: address, ...more }))
  await admin.call('POST', slicesOf(namespace), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
  })
}

/** What an agent tells of its Node, a minute ago. */
async function told(admin: Api, node: string, more: object): Promise<void> {
  const all = '/apis/nodelb.io/v1alpha1/nodelbnodestatuses'
  await admin.call('POST', all, {
    apiVersion: 'nodelb.io/v1alpha1',
    kind: 'NodelbNodeStatus',
    metadata: { name: node },
  })
  const observedAt = new Date(Date.now() - 60_000).toISOString()
  const times = { lastChangeAt: observedAt, comparedAt: observedAt }
  const { node: _node, ...facts } = toldNode(node, { observedAt, ...times, ...more })
  await admin.call('PATCH', `${all}/${node}/status`, { status: facts })
}

async function announced(admin: Api, named: string, by: string): Promise<void> {
  const [serviceNamespace, serviceName] = named.split('/')
  const statuses = `${METALLB}/servicel2statuses`
  const name = `l2-${serviceName}`
  const metadata = { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { name } }
  await admin.call('POST', statuses, metadata)
  const status = { node: by, serviceName, serviceNamespace, interfaces: [{ name: 'eth0' }] }
  await admin.call('PATCH', `${statuses}/${name}/status`, { status })
}

async function warn(admin: Api): Promise<void> {
  const now = new Date().toISOString()
  await admin.call('POST', '/api/v1/namespaces/shop/events', {
    metadata: { name: 'api.1' },
    type: 'Warning',
    reason: 'AddressDisputed',
    message: '00:00:5e:00:53:07, which is no Node, claims 192.168.1.241 as well',
    reportingComponent: 'nodelb',
    reportingInstance: 'k8s2',
    action: 'Announcing',
    eventTime: now.replace('Z', '000Z'),
    involvedObject: { kind: 'Service', namespace: 'shop', name: 'api' },
  })
}
