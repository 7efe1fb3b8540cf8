import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { parse } from 'yaml'
import { describe } from '../../decode/problem.ts'
import { askPlugin, type PluginCredential, type PluginFailure } from './exec-plugin.ts'
import { type Kubeconfig, type Pem, readKubeconfig, type Unusable } from './kubeconfig.ts'
import { proxyFor, type Route } from './proxy.ts'

/** The place that describes the API server and the credentials for it. */
export type ApiLocation =
  /** The environment and files of a pod; `root` is put before the files' names. */
  | { readonly kind: 'in-cluster'; readonly root?: string }
  | { readonly kind: 'kubeconfig'; readonly file: string }

export interface Access {
  readonly kind: 'known'
  readonly place: Place
  /** The headers that are sent with each request. */
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** The server that connections lead to, the way to it, and the identities of both ends. */
export interface Place {
  readonly server: URL
  readonly proxy: Route
  /** Undefined if the server does not use TLS. */
  readonly tls: Identity | undefined
}

interface Identity {
  /** The certificate authorities, in PEM; if undefined, those that Node.js trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The name that the server's certificate must have. */
  readonly servername: string | undefined
  /** False if any certificate of the server is accepted. */
  readonly rejectUnauthorized: boolean
}

export interface Unknown {
  readonly kind: 'unknown'
  readonly reason: string
}

/** The folder where Kubernetes puts a pod's token and certificate authority. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Reads the credentials. Each call reads the files again and asks the plugin again when its
 * credential has expired, because both change while the program runs.
 */
export class Credentials {
  readonly #location: ApiLocation
  readonly #signal: AbortSignal
  #printed: Printed | undefined

  /** A plugin that still runs is killed when `signal` aborts. */
  constructor(location: ApiLocation, signal: AbortSignal) {
    this.#location = location
    this.#signal = signal
  }

  /** Returns the server and the headers, or `unknown` with the reason. Never rejects. */
  async read(): Promise<Access | Unknown> {
    try {
      const config = readConfig(this.#location)
      return config.kind === 'unusable' ? unknown(config.reason) : await this.#access(config)
    } catch (error) {
      // A file does not exist, cannot be read, or is not YAML.
      return unknown(error instanceof Error ? error.message : String(error))
    }
  }

  /** Drops the credential that a plugin printed, so that the next call asks the plugin again. */
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

  /** Asks the plugin, unless the credential that it printed before has not expired yet. */
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
  /** The time at which the credential expires, by the monotonic clock. */
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
  // A token file may end in a newline, which is not allowed in a header.
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
