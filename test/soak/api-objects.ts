import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiServer } from '../e2e/support/apiserver.ts'
import { Door } from '../e2e/support/door.ts'
import { replaceFile } from '../support/configuration.ts'
import { list } from '../support/web.ts'
import type { ObjectChange } from './churn.ts'
import type { Manifest } from './manifests.ts'
import type { End, Objects } from './objects.ts'
import type { Span, Tear } from './schedule.ts'

const PATHS: Readonly<Record<Manifest['kind'], string>> = {
  Service: '/api/v1/namespaces/default/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  Node: '/api/v1/nodes',
}

/** A real API server outside of the lab, with a door into the node. */
export class ApiObjects implements Objects {
  readonly args: readonly string[]
  readonly #server: ApiServer
  readonly #folder: string
  readonly #kubeconfig: string
  /** By path, what an update has to name. */
  readonly #versions: Map<string, string> = new Map()
  #door: Door

  static async open(folder: string, namespace: string): Promise<ApiObjects> {
    const server = await ApiServer.start()
    try {
      const objects = new ApiObjects(server, folder, await Door.open(namespace, server.port))
      await objects.#renew()
      return objects
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  private constructor(server: ApiServer, folder: string, door: Door) {
    this.#server = server
    this.#folder = folder
    this.#door = door
    this.#kubeconfig = join(folder, 'kubeconfig')
    this.args = ['--kubeconfig', this.#kubeconfig]
  }

  async change({ kind, object }: ObjectChange): Promise<void> {
    const path = `${PATHS[object.kind]}/${object.metadata.name}`
    if (kind === 'put') return this.#put(path, object)
    await this.#server.admin.call('DELETE', path)
    this.#versions.delete(path)
  }

  async begin(span: Span): Promise<End> {
    switch (span.kind) {
      case 'api-server-stopped':
        this.#server.signal('SIGSTOP')
        return async () => this.#server.signal('SIGCONT')
      case 'credentials-torn':
        return this.#tear(span.tear)
      default:
        throw new Error(`an API server has no ${span.kind}`)
    }
  }

  async files(): Promise<string> {
    const kinds = Object.entries(PATHS).map(async ([kind, path]) => {
      const { apiVersion, items } = await this.#server.admin.call('GET', path)
      return items.map((item: object) => ({ apiVersion, kind, ...item }))
    })
    const file = join(this.#folder, 'objects.json')
    writeFileSync(file, list((await Promise.all(kinds)).flat()))
    return file
  }

  async cut(compact: boolean): Promise<void> {
    if (compact) await this.#server.compact()
    this.#door.cut()
  }

  async close(): Promise<void> {
    await this.#door.close()
    await this.#server.stop()
  }

  /** The status has a path of its own, for the controller that writes it. */
  async #put(path: string, object: Manifest): Promise<void> {
    const { admin } = this.#server
    const resourceVersion = this.#versions.get(path)
    const metadata = { ...object.metadata, resourceVersion }
    const stored =
      resourceVersion === undefined
        ? await admin.call('POST', PATHS[object.kind], object)
        : await admin.call('PUT', path, { ...object, metadata })
    const { status } = object
    const last =
      status === undefined ? stored : await admin.call('PATCH', `${path}/status`, { status })
    this.#versions.set(path, last.metadata.resourceVersion)
  }

  /** A part of the new credentials is there now, the rest comes at the end. */
  async #tear(tear: Tear): Promise<End> {
    const { certificate, key } = await this.#issue()
    switch (tear) {
      case 'certificate':
        renameSync(certificate, this.#file('client.crt'))
        return async () => renameSync(key, this.#file('client.key'))
      case 'key':
        renameSync(key, this.#file('client.key'))
        return async () => renameSync(certificate, this.#file('client.crt'))
      case 'half-kubeconfig': {
        renameSync(key, this.#file('client.key'))
        renameSync(certificate, this.#file('client.crt'))
        const whole = readFileSync(this.#kubeconfig, 'utf8')
        writeFileSync(this.#kubeconfig, whole.slice(0, whole.length / 2))
        return async () => writeFileSync(this.#kubeconfig, whole)
      }
    }
  }

  async #renew(): Promise<void> {
    const { certificate, key } = await this.#issue()
    renameSync(certificate, this.#file('client.crt'))
    renameSync(key, this.#file('client.key'))
    const user = {
      'client-certificate': this.#file('client.crt'),
      'client-key': this.#file('client.key'),
    }
    replaceFile(this.#kubeconfig, readFileSync(this.#server.kubeconfig(user), 'utf8'))
  }

  /** A new pair, beside the one in use. */
  async #issue(): Promise<{ readonly certificate: string; readonly key: string }> {
    const made = await this.#server.clientCertificate()
    const [certificate, key] = [this.#file('client.crt.new'), this.#file('client.key.new')]
    copyFileSync(made['client-certificate'], certificate)
    copyFileSync(made['client-key'], key)
    return { certificate, key }
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }
}
