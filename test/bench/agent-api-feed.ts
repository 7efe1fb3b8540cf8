import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa, type ResultPromise } from 'execa'
import { ApiServer } from '../e2e/support/apiserver.ts'
import { Door } from '../e2e/support/door.ts'
import type { Feed, Replacement } from './agent-feed.ts'
import { addNamespace, inside, removeNamespace, timeInside } from './agent-namespace.ts'
import { makeManifests, nodeManifest, replacedSlice } from './agent-objects.ts'
import { node, type Size } from './cluster.ts'

const SERVICES = '/api/v1/namespaces/shop/services'
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'
/** What the agent asks for. */
const WATCHED = '/apis/discovery.k8s.io/v1/endpointslices?labelSelector=%21none'
const LISTED = ['/api/v1/services?labelSelector=%21none', WATCHED]
/** Requests on their way at a time. */
const HANDS = 20

const client = fileURLToPath(new URL('agent-client.mjs', import.meta.url))

/** A real API server with the cluster in it, and a bare watcher beside the agent. */
export class ApiFeed implements Feed {
  readonly name = 'API server'
  readonly namespace = 'nodelb-bench'
  readonly args: readonly string[]
  readonly #size: Size
  readonly #server: ApiServer
  readonly #door: Door
  readonly #kubeconfig: string
  readonly #watcher: ResultPromise<{ stdin: 'ignore'; buffer: false }>
  readonly #heard: Map<string, number> = new Map()
  readonly #waiting: Map<string, (at: number) => void> = new Map()

  static async open(size: Size): Promise<ApiFeed> {
    const server = await ApiServer.start({ flags: ['--service-node-port-range=1024-40000'] })
    try {
      await populate(server, size)
      await addNamespace('nodelb-bench')
      const feed = new ApiFeed(size, server, await Door.open('nodelb-bench', server.port))
      await feed.#listen()
      return feed
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  private constructor(size: Size, server: ApiServer, door: Door) {
    this.#size = size
    this.#server = server
    this.#door = door
    this.#kubeconfig = server.kubeconfig()
    this.args = ['--kubeconfig', this.#kubeconfig]
    const [file, ...enter] = inside(this.namespace)
    const command = [process.execPath, client, this.#kubeconfig, 'watch', WATCHED]
    this.#watcher = execa(file, [...enter, ...command], { stdin: 'ignore', buffer: false })
  }

  bareRead(): Promise<number> {
    const command = [process.execPath, client, this.#kubeconfig, 'list', ...LISTED]
    return timeInside(this.namespace, command)
  }

  async change(replacements: readonly Replacement[]): Promise<void> {
    await atOnce(replacements, async ({ service, fresh }) => {
      const { metadata, endpoints } = replacedSlice(this.#size, service, fresh)
      this.#heard.delete(metadata.name)
      await this.#server.admin.call('PATCH', `${SLICES}/${metadata.name}`, { endpoints })
    })
  }

  heard(service: number): Promise<number> {
    const { name } = replacedSlice(this.#size, service, 0).metadata
    const at = this.#heard.get(name)
    if (at !== undefined) return Promise.resolve(at)
    return new Promise((resolve) => this.#waiting.set(name, resolve))
  }

  async close(): Promise<void> {
    this.#watcher.kill()
    await this.#watcher.catch(() => undefined)
    await this.#door.close()
    await this.#server.stop()
    await removeNamespace(this.namespace)
  }

  async #listen(): Promise<void> {
    const lines = createInterface(this.#watcher.stdout)
    await once(lines, 'line')
    lines.on('line', (line) => {
      const [at = '', name = ''] = line.split(' ')
      this.#heard.set(name, Number(at))
      this.#waiting.get(name)?.(Number(at))
      this.#waiting.delete(name)
    })
  }
}

/** The server chooses the ClusterIPs: the first of its range is its own. */
async function populate({ admin }: ApiServer, size: Size): Promise<void> {
  const { services, slices } = makeManifests(size)
  await admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  await admin.call('POST', '/api/v1/nodes', nodeManifest)
  const { status } = nodeManifest
  await admin.call('PATCH', `/api/v1/nodes/${node.name}/status`, { status })
  await atOnce(services, async (service) => {
    const { metadata, status } = service
    const spec = { ...service.spec, clusterIP: undefined, clusterIPs: undefined }
    await admin.call('POST', SERVICES, { ...service, spec })
    if (size.external) await admin.call('PATCH', `${SERVICES}/${metadata.name}/status`, { status })
  })
  await admin.create(SLICES, slices)
}

async function atOnce<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  const hand = async (): Promise<void> => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: HANDS }, hand))
}
