import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { freePort } from '../../support/asking.ts'
import { Api } from './api.ts'
import { Daemon } from './daemon.ts'
import { endpointSlices } from './endpoint-slices.ts'

export interface Options {
  /**
   * Besides 127.0.0.1, the addresses at which the server is reached: they are in its certificate.
   */
  readonly addresses?: readonly string[]
  /** More flags for kube-apiserver. */
  readonly flags?: readonly string[]
}

const ADMIN = 'admin-token'
const curve = ['-pkeyopt', 'ec_paramgen_curve:prime256v1']
const startup = { within: 240_000, every: 50 }

/**
 * A real kube-apiserver 1.20.2 on a real etcd, both fresh, with RBAC on and dual stack.
 *
 * It lacks EndpointSlice v1. Its own v1beta1 is switched off, and a CustomResourceDefinition of the
 * name stands in: real create, list, patch, watch and 410, without native validation and defaults.
 */
export class ApiServer {
  readonly port: number
  /** Writes as cluster admin. */
  readonly admin: Api
  /** The certificate of the server, which is its own authority, and its key; PEM. */
  readonly certificate: string
  readonly key: string
  /** Where kubectl is, too. */
  readonly programs: string
  readonly #folder: string
  readonly #etcdPort: number
  readonly #flags: readonly string[]
  #etcd: Daemon | undefined
  #server: Daemon | undefined

  private constructor(programs: string, folder: string, ports: Ports, flags: readonly string[]) {
    this.programs = programs
    this.#folder = folder
    this.#flags = flags
    this.port = ports.server
    this.#etcdPort = ports.etcd
    this.certificate = readFileSync(join(folder, 'tls.crt'), 'utf8')
    this.key = readFileSync(join(folder, 'tls.key'), 'utf8')
    this.admin = this.adminAt(this.port)
  }

  static async start({ addresses = [], flags = [] }: Options = {}): Promise<ApiServer> {
    const build = fileURLToPath(new URL('../apiserver/build.sh', import.meta.url))
    const { stdout: programs } = await execa(build, { stderr: 'inherit' })
    const folder = mkdtempSync(join(tmpdir(), 'nodelb-apiserver-'))
    await makeKeys(folder, addresses)
    writeFileSync(join(folder, 'tokens.csv'), `${ADMIN},admin,admin,"system:masters"\n`)
    const ports = { server: await freePort(), etcd: await freePort() }
    const server = new ApiServer(programs, folder, ports, flags)
    try {
      await server.#startEtcd()
      await server.resume()
      await server.#defineEndpointSlices()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Where etcd answers, without asking who it is. */
  get etcd(): string {
    return `http://127.0.0.1:${this.#etcdPort}`
  }

  /** The same as `admin` with a server at another port that has the same certificate and asks this one. */
  adminAt(port: number): Api {
    return new Api({ port, ca: this.certificate, token: ADMIN })
  }

  /** Ends both and removes all they wrote. */
  async stop(): Promise<void> {
    await this.#server?.end('SIGKILL')
    await this.#etcd?.end('SIGKILL')
    this.admin.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The API server goes away; the data stay. Asked kindly, it would wait 60 s for its watches. */
  async kill(): Promise<void> {
    await this.#server?.end('SIGKILL')
  }

  /** Stops the API server where it is, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#server?.signal(signal)
  }

  /**
   * Starts it again, at the same port and with the same data; returns when it is ready. It says so
   * before it has made the namespaces that each cluster has, and makes them later if it ends then.
   */
  async resume(): Promise<void> {
    this.#server = new Daemon(join(this.programs, 'kube-apiserver'), this.#serverFlags())
    await this.#server.until('ready', startup, async () => {
      const answers = [
        await this.admin.ask('GET', '/readyz'),
        await this.admin.ask('GET', '/api/v1/namespaces/default'),
      ]
      return answers.every(({ status }) => status === 200)
    })
  }

  /** Forgets all history: a watch or a list from before gets 410, once the server has forgotten. */
  async compact(): Promise<void> {
    // A revision of its own: etcd refuses to forget the same one twice.
    const { header } = await this.#askEtcd('kv/put', { key: btoa('nodelb-compaction'), value: '' })
    await this.#askEtcd('kv/compaction', { revision: header.revision, physical: true })
  }

  /** A token as a pod gets it; makes the ServiceAccount if need be. */
  async serviceAccountToken(namespace: string, name: string): Promise<string> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await this.admin.ask('POST', accounts, { metadata: { name } })
    const spec = { expirationSeconds: 3600 }
    const { status } = await this.admin.call('POST', `${accounts}/${name}/token`, { spec })
    return status.token
  }

  /** A certificate and its key for a cluster admin, as a kubeconfig names them: files, PEM. */
  async clientCertificate(): Promise<ClientCertificate> {
    const file = (name: string) => join(this.#folder, name)
    const [certificate, key] = [file('client.crt'), file('client.key')]
    await execa('openssl', [
      ...['req', '-x509', '-newkey', 'ec', ...curve, '-nodes', '-days', '30'],
      ...['-subj', '/O=system:masters/CN=holder', '-addext', 'extendedKeyUsage=clientAuth'],
      ...['-CA', file('tls.crt'), '-CAkey', file('tls.key'), '-keyout', key, '-out', certificate],
    ])
    return { 'client-certificate': certificate, 'client-key': key }
  }

  /** Writes a kubeconfig and returns its path; it goes with the server. */
  kubeconfig(
    user: object = { token: ADMIN },
    host = '127.0.0.1',
    port: number = this.port,
  ): string {
    const folder = mkdtempSync(join(this.#folder, 'kubeconfig-'))
    const file = join(folder, 'config')
    const cluster = {
      server: `https://${host}:${port}`,
      'certificate-authority-data': Buffer.from(this.certificate).toString('base64'),
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    }
    writeFileSync(file, JSON.stringify(config))
    return file
  }

  /** How often the server has asked etcd for all objects of that type, such as `*[]core.Node`. */
  async etcdLists(type: string): Promise<number> {
    const { body } = await this.admin.ask('GET', '/metrics')
    const name = `etcd_request_duration_seconds_count{operation="list",type="${type}"} `
    const line = (body as string).split('\n').find((each) => each.startsWith(name))
    return Number(line?.slice(name.length) ?? 0)
  }

  /** What the server logged. */
  log(): string {
    return this.#server?.log ?? ''
  }

  async #startEtcd(): Promise<void> {
    const data = join(this.#folder, 'etcd')
    mkdirSync(data, { mode: 0o700 })
    const url = this.etcd
    this.#etcd = new Daemon(join(this.programs, 'etcd'), [
      `--data-dir=${data}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      '--listen-peer-urls=http://127.0.0.1:0',
      '--unsafe-no-fsync',
      '--log-level=warn',
    ])
    await this.#etcd.until('healthy', startup, async () => (await fetch(`${url}/health`)).ok)
  }

  #serverFlags(): string[] {
    const file = (name: string) => join(this.#folder, name)
    return [
      `--etcd-servers=${this.etcd}`,
      `--secure-port=${this.port}`,
      `--tls-cert-file=${file('tls.crt')}`,
      `--tls-private-key-file=${file('tls.key')}`,
      `--cert-dir=${this.#folder}`,
      '--authorization-mode=RBAC',
      `--client-ca-file=${file('tls.crt')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('accounts.key')}`,
      `--service-account-signing-key-file=${file('accounts.key')}`,
      // No controller is there to make the default account of each namespace, which it waits for.
      // Quotas, of which there are none, are the first to give up on a busy machine.
      '--disable-admission-plugins=ServiceAccount,ResourceQuota',
      '--feature-gates=IPv6DualStack=true',
      '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112',
      '--runtime-config=discovery.k8s.io/v1beta1=false',
      '--advertise-address=192.0.2.1',
      '--endpoint-reconciler-type=none',
      '--allow-privileged=true',
      '--max-requests-inflight=2000',
      '--max-mutating-requests-inflight=1000',
      ...this.#flags,
    ]
  }

  async #defineEndpointSlices(): Promise<void> {
    const { definitions, definition, objects } = endpointSlices
    await this.admin.call('POST', definitions, definition)
    await this.#server?.until('serving EndpointSlices', startup, async () => {
      const { status } = await this.admin.ask('GET', objects)
      return status === 200
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: etcd's answer
  async #askEtcd(call: string, body: object): Promise<any> {
    const answer = await fetch(`${this.etcd}/v3/${call}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`etcd ${call}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}

export interface ClientCertificate {
  readonly 'client-certificate': string
  readonly 'client-key': string
}

interface Ports {
  readonly server: number
  readonly etcd: number
}

/** A certificate that is its own authority, and the key that signs the tokens of accounts. */
async function makeKeys(folder: string, addresses: readonly string[]): Promise<void> {
  const names = ['127.0.0.1', ...addresses].map((address) => `IP:${address}`)
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'ec', ...curve, '-nodes', '-days', '30'],
    ...[
      '-subj',
      '/CN=kube-apiserver',
      '-addext',
      `subjectAltName=${names.join(',')},DNS:localhost`,
    ],
    ...['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')],
  ])
  const key = join(folder, 'accounts.key')
  // This old form of the file is the one that 1.20 reads.
  await execa('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
}
