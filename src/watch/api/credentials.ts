// The only file that imports @kubernetes/client-node, of which it uses the reading of kubeconfig
// files and the plugins that get tokens. Loaded when first needed: `render` and `diff` never pay
// for it (11 MB). Its index would load every API of Kubernetes (50 MB), hence the path.

import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { parse } from 'yaml'
import { valueAt } from '../fields.ts'

/** Where it is written how to reach the API server, and as whom. */
export type ApiLocation =
  /** Environment and files that a pod has; `root` stands before the files' names. */
  | { readonly kind: 'in-cluster'; readonly root?: string }
  | { readonly kind: 'kubeconfig'; readonly file: string }

export type Access =
  | { readonly kind: 'known'; readonly server: URL; readonly options: RequestOptions }
  | { readonly kind: 'unknown'; readonly reason: string }

/** A plugin that hangs must not stop the agent from trying again. */
const PLUGIN_MS = 30_000

/** Files and plugins are asked anew each time: tokens and certificates change under way. */
export async function readAccess(location: ApiLocation): Promise<Access> {
  try {
    const config = await readConfig(location)
    const server = config.getCurrentCluster()?.server
    if (server === undefined) return { kind: 'unknown', reason: 'the kubeconfig names no cluster' }
    return { kind: 'known', server: new URL(server), options: await optionsOf(config) }
  } catch (error) {
    // The library throws for files that are missing or wrong, and for plugins that fail.
    return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) }
  }
}

async function readConfig(location: ApiLocation): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  if (location.kind === 'kubeconfig') {
    const folder = dirname(location.file)
    config.loadFromString(readKubeconfig(location.file, folder))
    config.makePathsAbsolute(folder)
  } else {
    if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
      throw new Error('KUBERNETES_SERVICE_HOST is not set: this is no pod of a cluster')
    }
    config.loadFromCluster(location.root)
  }
  return config
}

/** The library does not know `tokenFile`, by which kubeadm gives kube-proxy its token. */
function readKubeconfig(file: string, folder: string): string {
  const config: unknown = parse(readFileSync(file, 'utf8'))
  const users = valueAt(config, ['users'])
  for (const entry of Array.isArray(users) ? users : []) {
    const user = valueAt(entry, ['user'])
    const tokenFile = valueAt(user, ['tokenFile'])
    if (typeof user !== 'object' || user === null || typeof tokenFile !== 'string') continue
    const provider = { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } }
    Object.assign(user, { 'auth-provider': provider })
  }
  return JSON.stringify(config)
}

async function optionsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} }
  await within(PLUGIN_MS, config.applyToHTTPSOptions(options), 'the credential plugin is silent')
  // It makes an agent for each request, which is of use only to go through a proxy.
  const { agent, headers, ...rest } = options
  const proxied = config.getCurrentCluster()?.proxyUrl ? { agent } : {}
  return { ...rest, ...proxied, headers: trimmed(headers) }
}

/** A token's file may end in a newline, which a header may not. */
function trimmed(headers: RequestOptions['headers']): Record<string, string> {
  const entries = Object.entries(headers ?? {})
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()]))
}

async function within<Value>(ms: number, promise: Promise<Value>, otherwise: string) {
  let alarm: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    alarm = setTimeout(() => reject(new Error(otherwise)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(alarm))
}
