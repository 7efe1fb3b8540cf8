import { execa } from 'execa'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import type { Manifest } from '../e2e/support/chart.ts'
import { Daemon } from '../e2e/support/daemon.ts'
import { Door } from '../e2e/support/door.ts'
import { eventually } from '../support/eventually.ts'
import { Janitor, type Lab } from '../support/lab.ts'
import { podAddresses } from '../support/topology.ts'
import { API_SERVER, type Kubelet } from './kubelet.ts'

const apps = '/apis/apps/v1/namespaces'
const node = { name: 'node-a', address: '192.168.1.11' }
const pods = ['pod-a', 'pod-b'] as const
const patience = { within: 600_000, every: 100 }

/**
 * What a cluster has and does by itself, beside its API server: a node on a LAN with a client, the Pods of a Deployment
 * `web`, and what the controllers of Kubernetes and the kubelet do once nodelb is installed.
 */
export class Cluster {
  readonly #server: ApiServer
  readonly #lab: Lab
  readonly #kubelet: Kubelet
  readonly #doors: Door[] = []
  readonly #daemons: Daemon[] = []
  readonly #janitors: Janitor[] = []

  constructor(server: ApiServer, lab: Lab, kubelet: Kubelet) {
    this.#server = server
    this.#lab = lab
    this.#kubelet = kubelet
  }

  /** What is there before nodelb is. */
  async prepare(): Promise<void> {
    const { admin } = this.#server
    await this.#address('node', `${node.address}/24`, 'to-client')
    await this.#address('client', '192.168.1.7/24', 'uplink')
    await this.#openDoor(this.#lab.namespace('node'))
    await admin.call('POST', '/api/v1/nodes', { metadata: { name: node.name } })
    const status = { addresses: [{ type: 'InternalIP', address: node.address }] }
    await admin.call('PATCH', `/api/v1/nodes/${node.name}/status`, { status })
    await admin.call('POST', `${apps}/default/deployments`, web)
    await Promise.all(pods.map((pod) => this.#answer(pod)))
  }

  /** Runs what is installed, and resolves when a Service `web` has its endpoints. */
  async follow(): Promise<void> {
    await Promise.all([this.#runDaemonSet(), this.#runDeployment(), this.#fillService()])
  }

  async end(): Promise<void> {
    await this.#kubelet.end()
    await Promise.all(this.#doors.map((door) => door.close()))
    await Promise.all(this.#daemons.map((daemon) => daemon.end('SIGKILL')))
    await Promise.all(this.#janitors.map((janitor) => janitor.clean()))
  }

  async #runDaemonSet(): Promise<void> {
    const { path, object } = await this.#appeared(`${apps}/kube-system/daemonsets/nodelb`)
    await this.#runPod('nodelb-x7k2p', object, this.#lab.namespace('node'))
    await this.#placeSlice(
      'kube-system',
      'nodelb-agents',
      [{ port: 7950, protocol: 'UDP' }],
      [{ addresses: [node.address], conditions: { ready: true }, nodeName: node.name }],
    )
    const scheduled = ['desired', 'current', 'updated'].map((name) => `${name}NumberScheduled`)
    const status = counts([...scheduled, 'numberAvailable', 'numberReady'], 1)
    await this.#tell(path, object, { numberMisscheduled: 0, ...status })
  }

  async #runDeployment(): Promise<void> {
    const { path, object } = await this.#appeared(
      `${apps}/kube-system/deployments/nodelb-controller`,
    )
    const { replicas } = object.spec
    const names = Array.from({ length: replicas }, (_, at) => `nodelb-controller-${at}`)
    const networks = names.map((name) => `${name}-${process.pid}`)
    this.#janitors.push(new Janitor(networks))
    for (const [at, network] of networks.entries()) {
      await execa('ip', ['netns', 'add', network])
      await execa('ip', ['-n', network, 'link', 'set', 'lo', 'up'])
      await this.#openDoor(network)
      await this.#runPod(names[at] ?? '', object, network)
    }
    const counted = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas']
    const conditions = [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ]
    await this.#tell(path, object, { conditions, ...counts(counted, replicas) })
  }

  async #fillService(): Promise<void> {
    const { object } = await this.#appeared('/api/v1/namespaces/default/services/web')
    const ports = object.spec.ports.map(({ name, protocol, targetPort }: Manifest) => {
      return { name, protocol, port: targetPort }
    })
    const endpoints = pods.map((pod) => {
      return { addresses: [podAddresses[pod][0]], conditions: { ready: true }, nodeName: node.name }
    })
    await this.#placeSlice('default', 'web', ports, endpoints)
  }

  async #appeared(path: string): Promise<{ readonly path: string; readonly object: Manifest }> {
    const ask = async (): Promise<boolean> => {
      return (await this.#server.admin.ask('GET', path)).status === 200
    }
    await eventually(ask, patience)
    return { path, object: await this.#server.admin.call('GET', path) }
  }

  /** Starts a Pod, and resolves when its probe says that it is ready. */
  async #runPod(name: string, { spec }: Manifest, network: string): Promise<void> {
    const running = await this.#kubelet.run(name, spec.template, { node: node.name, network })
    const [{ readinessProbe, ports }] = spec.template.spec.containers
    const { host = '127.0.0.1', port, path } = readinessProbe.httpGet
    const { containerPort } = ports.find((each: Manifest) => each.name === port)
    const url = `http://${host}:${containerPort}${path}`
    await eventually(async () => {
      if (running.isOver) throw new Error(`${name} ended:\n${running.transcript()}`)
      const args = ['netns', 'exec', network, 'curl', '--fail', '--silent', url]
      return (await execa('ip', args, { reject: false })).exitCode === 0
    }, patience)
  }

  async #tell(path: string, { metadata }: Manifest, status: object): Promise<void> {
    const observedGeneration = metadata.generation
    const body = { status: { observedGeneration, ...status } }
    await this.#server.admin.call('PATCH', `${path}/status`, body)
  }

  async #placeSlice(
    namespace: string,
    service: string,
    ports: readonly object[],
    endpoints: readonly object[],
  ): Promise<void> {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
    await this.#server.admin.call('POST', path, {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
      ...{ ports, endpoints },
    })
  }

  /** In the place of kube-proxy: the API server is where Pods are told that it is. */
  async #openDoor(namespace: string): Promise<void> {
    const { host } = API_SERVER
    await execa('ip', ['-n', namespace, 'address', 'add', `${host}/32`, 'dev', 'lo'])
    this.#doors.push(await Door.open(namespace, this.#server.port, API_SERVER))
  }

  /** A web server in a Pod says the name of the Pod. */
  async #answer(pod: (typeof pods)[number]): Promise<void> {
    const inside = ['netns', 'exec', this.#lab.namespace(pod)]
    const script = `require('http').createServer((_, it) => it.end('${pod}\\n')).listen(80)`
    const daemon = new Daemon('ip', [...inside, process.execPath, '-e', script])
    this.#daemons.push(daemon)
    await daemon.until('serving', { within: 30_000, every: 50 }, async () => {
      const args = [...inside, 'curl', '--silent', `http://${podAddresses[pod][0]}`]
      return (await execa('ip', args)).stdout === pod
    })
  }

  async #address(place: 'node' | 'client', address: string, device: string): Promise<void> {
    const namespace = this.#lab.namespace(place)
    await execa('ip', ['-n', namespace, 'address', 'add', address, 'dev', device])
  }
}

const web: object = {
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'registry.my.domain/web' }] },
    },
  },
}

function counts(names: readonly string[], number: number): object {
  return Object.fromEntries(names.map((name) => [name, number]))
}
