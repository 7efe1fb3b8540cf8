import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { parse } from 'yaml'
import { describe } from '../../decode/problem.ts'
import { askPlugin, type PluginCredential, type PluginFailure } from './exec-plugin.ts'
import { type Kubeconfig, type Pem, readKubeconfig, type Unusable } from './kubeconfig.ts'
import { proxyFor, type Route } from './proxy.ts'

/** Where it is written how to reach the API server, and as whom. */
export type ApiLocation =
  /** Environment and files that a pod has; `root` stands before the files' names. */
  | { readonly kind: 'in-cluster'; readonly root?: string }
  | { readonly kind: 'kubeconfig'; readonly file: string }

export interface Access {
  readonly kind: 'known'
  readonly place: Place
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** Where connections lead, and whom both ends take the other for. */
export interface Place {
  readonly server: URL
  readonly proxy: Route
  /** Undefined: the server speaks without TLS. */
  readonly tls: Identity | undefined
}

interface Identity {
  /** PEM; undefined: the authorities that Node.js trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The name that is expected in the server's certificate. */
  readonly servername: string | undefined
  /** False: the server may be anybody. */
  readonly rejectUnauthorized: boolean
}

export interface Unknown {
  readonly kind: 'unknown'
  readonly reason: string
}

/** Where Kubernetes puts what a pod needs to speak to the API server. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Reads files and asks plugins anew whenever it is asked: both change under way. */
export class Credentials {
  readonly #location: ApiLocation
  readonly #signal: AbortSignal
  #printed: Printed | undefined

  /** When the signal says so, a plugin that runs is killed. */
  constructor(location: ApiLocation, signal: AbortSignal) {
    this.#location = location
    this.#signal = signal
  }

  async read(): Promise<Access | Unknown> {
    try {
      const config = readConfig(this.#location)
      return config.kind === 'unusable' ? unknown(config.reason) : await this.#access(config)
    } catch (error) {
      // Of files that are not there, or no YAML.
      return unknown(error instanceof Error ? error.message : String(error))
    }
  }

  /** What a plugin printed is not believed any more. */
  forget(): void {
    this.#printed = undefined
  }

  async #access(config: Kubeconfig): Promise<Access | Unknown> {
    const proxy = proxyFor(config.server, config.proxyUrl, process.env)
    if (proxy.kind === 'unusable') return unknown(proxy.reason)
    const ca = pemText(config.authority)
    const printed = await this.#ask(config, ca)
    if (printed?.kind === 'failed') return unknown(printed.reason)
    const identity = {
      ca,
      cert: printed?.certificate ?? pemText(config.certificate),
      key: printed?.key ?? pemText(config.key),
      servername: config.serverName,
      rejectUnauthorized: !config.insecure,
    }
    const authorization = authorizationOf(config, printed?.token)
    return {
      kind: 'known',
      place: {
        server: config.server,
        proxy,
        tls: config.server.protocol === 'https:' ? identity : undefined,
      },
      headers: { ...config.impersonation, ...(authorization && { authorization }) },
    }
  }

  /** Not again before what it printed has run out. */
  async #ask({ plugin }: Kubeconfig, ca: string | undefined) {
    if (plugin === undefined) return undefined
    const authority = ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
    const cluster = plugin.cluster && { ...plugin.cluster, ...authority }
    const call = { ...plugin, cluster }
    const asked = JSON.stringify(call)
    const known = this.#printed
    if (known?.asked === asked && performance.now() < known.until) return known.credential
    const credential: PluginCredential | PluginFailure = await askPlugin(call, this.#signal)
    if (credential.kind === 'credential') {
      const until = performance.now() + (credential.lastsMs ?? Number.POSITIVE_INFINITY)
      this.#printed = { asked, until, credential }
    }
    return credential
  }
}

interface Printed {
  readonly asked: string
  /** By the monotonic clock. */
  readonly until: number
  readonly credential: PluginCredential
}

function readConfig(location: ApiLocation): Kubeconfig | Unusable {
  if (location.kind === 'in-cluster') return inCluster(location.root ?? '')
  const { file } = location
  const config: unknown = parse(readFileSync(file, 'utf8'))
  if (typeof config === 'object' && config !== null) return readKubeconfig(config, file)
  const found = config === null ? 'nothing' : describe(config)
  return { kind: 'unusable', reason: `${file}: found ${found}, expected a kubeconfig` }
}

function inCluster(root: string): Kubeconfig | Unusable {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
  if (!host || !port) {
    const reason = 'KUBERNETES_SERVICE_HOST and _PORT are not set: this is no pod of a cluster'
    return { kind: 'unusable', reason }
  }
  return {
    kind: 'kubeconfig',
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    serverName: undefined,
    insecure: false,
    proxyUrl: undefined,
    authority: { kind: 'file', file: join(root, ACCOUNT, 'ca.crt') },
    certificate: undefined,
    key: undefined,
    token: { kind: 'file', file: join(root, ACCOUNT, 'token') },
    basic: undefined,
    impersonation: {},
    plugin: undefined,
  }
}

function authorizationOf(config: Kubeconfig, printed: string | undefined): string | undefined {
  const { token, basic } = config
  // A token's file may end in a newline, which a header may not.
  const shown =
    printed ?? (token?.kind === 'file' ? readFileSync(token.file, 'utf8') : token?.text)?.trim()
  if (shown) return `Bearer ${shown}`
  return basic && `Basic ${Buffer.from(basic).toString('base64')}`
}

function pemText(pem: Pem | undefined): string | undefined {
  return pem?.kind === 'file' ? readFileSync(pem.file, 'utf8') : pem?.bytes.toString()
}

function unknown(reason: string): Unknown {
  return { kind: 'unknown', reason }
}
