import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { bundle, inMemory, type Mount, readOnly, runBundle } from '../support/container.ts'
import { RunningProgram } from '../support/running-program.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
type Manifest = any

/** Where a Pod is put: the Node, and the network namespace that is the Node's or its own. */
export interface Place {
  readonly node: string
  readonly network: string
}

type Images = () => ReadonlyMap<string, string>

/** A container that an OCI runtime runs. */
class Contained extends RunningProgram {
  static start(command: readonly string[]): Contained {
    return new Contained(command)
  }
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Runs the Pods of a template as a kubelet does: the image by its name, with the arguments, the environment, the
 * volumes, the token and the rights that the template says. It does not pull, and sets no limits of memory and CPU.
 */
export class Kubelet {
  readonly #server: ApiServer
  readonly #folder: string
  readonly #images: Images
  readonly #running: Map<string, Contained> = new Map()

  /** `folder`: where volumes and bundles are made; `images`: the roots of those that were pushed, by name. */
  constructor(server: ApiServer, folder: string, images: Images) {
    this.#server = server
    this.#folder = folder
    this.#images = images
  }

  /** Creates a Pod of the template and starts its container. */
  async run(name: string, { metadata, spec }: Manifest, place: Place): Promise<Contained> {
    const path = '/api/v1/namespaces/kube-system/pods'
    const pod = await this.#server.admin.call('POST', path, {
      metadata: { ...metadata, name },
      spec: { ...spec, nodeName: place.node },
    })
    const [container] = pod.spec.containers
    const images = this.#images()
    const root = images.get(container.image)
    if (root === undefined) {
      throw new Error(`found image ${container.image}, expected one of ${[...images.keys()]}`)
    }
    const env = this.#environment(pod, container)
    const args = container.args.map((arg: string) =>
      arg.replaceAll(/\$\((\w+)\)/g, (whole, key) => env.get(key) ?? whole),
    )
    const folder = bundle({
      ...{ root, network: `/run/netns/${place.network}`, folder: join(this.#folder, name) },
      args: [...(container.command ?? ['nodelb']), ...args],
      env: Array.from(env, ([key, value]) => `${key}=${value}`),
      mounts: await this.#mounts(pod, container),
      ...{ pod: pod.spec, container },
    })
    const running = Contained.start(runBundle(folder, this.#id(name)))
    this.#running.set(name, running)
    return running
  }

  /** Runs a command in a container, as `kubectl exec` does; returns what it prints. */
  async exec(name: string, command: readonly string[]): Promise<string> {
    return (await execa('runc', ['exec', this.#id(name), ...command])).stdout
  }

  /** What the containers said. */
  transcript(): string {
    return Array.from(this.#running, ([name, it]) => `${name}:\n${it.transcript()}`).join('\n\n')
  }

  async end(): Promise<void> {
    await Promise.all(
      Array.from(this.#running, async ([name, running]) => {
        await execa('runc', ['delete', '--force', this.#id(name)], { reject: false })
        await running.ended()
      }),
    )
  }

  #id(name: string): string {
    return `nodelb-${process.pid}-${name}`
  }

  #environment(pod: Manifest, { env = [] }: Manifest): ReadonlyMap<string, string> {
    const fields: Readonly<Record<string, string>> = {
      'metadata.name': pod.metadata.name,
      'metadata.namespace': pod.metadata.namespace,
      'metadata.uid': pod.metadata.uid,
      'spec.nodeName': pod.spec.nodeName,
    }
    const own = env.map(({ name, valueFrom }: Manifest) => {
      const { fieldPath } = valueFrom.fieldRef
      const value = fields[fieldPath]
      if (value === undefined) throw new Error(`no field ${fieldPath} in ${pod.metadata.name}`)
      return [name, value]
    })
    return new Map([
      ['KUBERNETES_SERVICE_HOST', API_SERVER.host],
      ['KUBERNETES_SERVICE_PORT', String(API_SERVER.port)],
      ...own,
    ])
  }

  async #mounts(pod: Manifest, { volumeMounts }: Manifest): Promise<readonly Mount[]> {
    const folder = join(this.#folder, `${pod.metadata.name}-volumes`)
    const mounts = volumeMounts.map(async ({ name, mountPath }: Manifest) => {
      const volume = pod.spec.volumes.find((each: Manifest) => each.name === name)
      if (volume.emptyDir) return inMemory(mountPath, volume.emptyDir.sizeLimit.replace('Mi', 'm'))
      write(join(folder, name), await this.#filesOf(volume))
      return readOnly(join(folder, name), mountPath)
    })
    const token = join(folder, 'token')
    write(token, await this.#account(pod.spec.serviceAccountName))
    return [...(await Promise.all(mounts)), readOnly(token, ACCOUNT)]
  }

  async #filesOf(volume: Manifest): Promise<Files> {
    const sources = volume.projected?.sources ?? [volume]
    const files = sources.map(async ({ configMap, secret }: Manifest) => {
      const { name, items } = configMap ?? secret
      const path = `/api/v1/namespaces/kube-system/${configMap ? 'configmaps' : 'secrets'}`
      const { data } = await this.#server.admin.call('GET', `${path}/${name}`)
      const paths = items ?? Object.keys(data).map((key) => ({ key, path: key }))
      const encoding = configMap ? 'utf8' : 'base64'
      return paths.map((item: Manifest) => [item.path, Buffer.from(data[item.key], encoding)])
    })
    return Object.fromEntries((await Promise.all(files)).flat())
  }

  /** The account has to be there: a Pod without one would not start. */
  async #account(name: string): Promise<Files> {
    await this.#server.admin.call('GET', `/api/v1/namespaces/kube-system/serviceaccounts/${name}`)
    const token = await this.#server.serviceAccountToken('kube-system', name)
    return { token, namespace: 'kube-system', 'ca.crt': this.#server.certificate }
  }
}

/** Where Pods are told that the API server is: the ClusterIP of the Service `kubernetes`. */
export const API_SERVER = { host: '10.96.0.1', port: 443 } as const

type Files = Readonly<Record<string, string | Buffer>>

function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}
