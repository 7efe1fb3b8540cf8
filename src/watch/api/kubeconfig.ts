import { dirname, isAbsolute, resolve } from 'node:path'
import * as z from 'zod'
import { anything, fields, flag, parseFields, text, valueAt } from '../../decode/fields.ts'
import { printProblem, type Report, report as startReport } from '../../decode/problem.ts'
import { entryOf } from './kubeconfig-entry.ts'

/** The current context of a kubeconfig. File names in it are absolute. */
export interface Kubeconfig {
  readonly kind: 'kubeconfig'
  readonly server: URL
  /** The name in the server's certificate, if it differs from the server's. */
  readonly serverName: string | undefined
  readonly insecure: boolean
  /** The proxy, which takes precedence over the environment. */
  readonly proxyUrl: string | undefined
  /** The certificate authorities; if undefined, those that Node.js trusts. */
  readonly authority: Pem | undefined
  readonly certificate: Pem | undefined
  readonly key: Pem | undefined
  readonly token: Token | undefined
  readonly basic: string | undefined
  /** The headers by which the user impersonates another. */
  readonly impersonation: Readonly<Record<string, string | string[]>>
  readonly plugin: PluginCall | undefined
}

export type Pem =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'data'; readonly bytes: Buffer }

type Token =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'text'; readonly text: string }

/** A program that prints credentials (KEP-541). */
export interface PluginCall {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly apiVersion: string
  /** What to do if the program is not installed. */
  readonly installHint: string | undefined
  /** What the program is given about the cluster, except its authority; undefined if nothing. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined
}

export interface Unusable {
  readonly kind: 'unusable'
  /** The wrong fields, each with what was found and what is expected. */
  readonly reason: string
}

/** The extension of a cluster in which a kubeconfig keeps what only its plugin understands. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec'

const optional = text.nullish()
const texts = z.array(text, { error: 'a list of texts' }).nullish()

const clusterFields = fields({
  server: text,
  'tls-server-name': optional,
  'insecure-skip-tls-verify': flag.nullish(),
  'certificate-authority': optional,
  'certificate-authority-data': optional,
  'proxy-url': optional,
  extensions: z
    .array(fields({ name: optional, extension: anything }), { error: 'a list' })
    .nullish(),
})

const execFields = fields({
  apiVersion: z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'], {
    error: 'client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1',
  }),
  command: text,
  args: texts,
  env: z.array(fields({ name: text, value: text }), { error: 'a list' }).nullish(),
  installHint: optional,
  provideClusterInfo: flag.nullish(),
  interactiveMode: z.enum(['Never', 'IfAvailable'], { error: 'Never or IfAvailable' }).nullish(),
})

const userFields = fields({
  'client-certificate': optional,
  'client-certificate-data': optional,
  'client-key': optional,
  'client-key-data': optional,
  token: optional,
  tokenFile: optional,
  username: optional,
  password: optional,
  as: optional,
  'as-uid': optional,
  'as-groups': texts,
  exec: execFields.nullish(),
  'auth-provider': z
    .custom((value) => value === undefined || value === null, {
      error: 'a token, tokenFile, a client certificate or exec: providers are no longer built in',
    })
    .optional(),
  'as-user-extra': z.record(z.string(), z.array(text), { error: 'lists of texts' }).nullish(),
})

type ClusterFields = z.infer<typeof clusterFields>
type UserFields = z.infer<typeof userFields>

/**
 * Reads a parsed kubeconfig as kubectl and client-go do (k8s.io/client-go/tools/clientcmd). `file`
 * is its path, from which relative paths are resolved. Where both a value and a file are given, the
 * value counts, except for tokens, where the file does. Returns `unusable` if a needed field is
 * wrong.
 */
export function readKubeconfig(config: unknown, file: string): Kubeconfig | Unusable {
  const report = startReport(file)
  const found = read(config, dirname(file), report)
  const errors = report.problems.map(printProblem)
  return found ?? { kind: 'unusable', reason: errors.join('; ') }
}

function read(config: unknown, folder: string, report: Report): Kubeconfig | undefined {
  const context = entryOf(
    config,
    { lists: 'contexts', kind: 'context', namedAt: 'current-context' },
    report,
  )
  if (context === undefined) return undefined
  const of = (kind: 'cluster' | 'user') =>
    entryOf(
      config,
      {
        lists: `${kind}s`,
        kind,
        namedAt: `${context.path}.${kind}`,
        name: valueAt(context.value, [kind]),
      },
      report,
    )
  const [clusterEntry, userEntry] = [of('cluster'), of('user')]
  if (clusterEntry === undefined || userEntry === undefined) return undefined
  const cluster = parseFields(clusterFields, clusterEntry.value, clusterEntry.path, report)
  const user = parseFields(userFields, userEntry.value ?? {}, userEntry.path, report)
  if (cluster === undefined || user === undefined) return undefined
  const server = parseServer(cluster.server)
  if (server === undefined) {
    report.error(`${clusterEntry.path}.server`, cluster.server, 'https://HOST or http://HOST')
    return undefined
  }
  return together(server, cluster, user, folder)
}

function together(
  server: URL,
  cluster: ClusterFields,
  user: UserFields,
  folder: string,
): Kubeconfig {
  const pem = (data: string | null | undefined, file: string | null | undefined) =>
    data ? pemOf(data) : file ? ({ kind: 'file', file: resolve(folder, file) } as const) : undefined
  return {
    kind: 'kubeconfig',
    server,
    serverName: cluster['tls-server-name'] || undefined,
    insecure: cluster['insecure-skip-tls-verify'] ?? false,
    proxyUrl: cluster['proxy-url'] || undefined,
    authority: pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    certificate: pem(user['client-certificate-data'], user['client-certificate']),
    key: pem(user['client-key-data'], user['client-key']),
    token: tokenOf(user, folder),
    basic: user.username ? `${user.username}:${user.password ?? ''}` : undefined,
    impersonation: impersonationOf(user),
    plugin: user.exec ? pluginOf(user.exec, cluster, folder) : undefined,
  }
}

function parseServer(server: string): URL | undefined {
  // client-go accepts a host without a scheme, too.
  const url = server.includes('://') ? server : `http://${server}`
  if (!URL.canParse(url)) return undefined
  const parsed = new URL(url)
  return /^https?:$/.test(parsed.protocol) && parsed.hostname !== '' ? parsed : undefined
}

function pemOf(base64: string): Pem {
  return { kind: 'data', bytes: Buffer.from(base64, 'base64') }
}

function tokenOf({ token, tokenFile }: UserFields, folder: string): Token | undefined {
  if (tokenFile) return { kind: 'file', file: resolve(folder, tokenFile) }
  return token ? { kind: 'text', text: token } : undefined
}

function impersonationOf(user: UserFields): Record<string, string | string[]> {
  const extra = Object.entries(user['as-user-extra'] ?? {}).map(([name, values]) => [
    `impersonate-extra-${encodeURIComponent(name)}`,
    values,
  ])
  return {
    ...(user.as && { 'impersonate-user': user.as }),
    ...(user['as-uid'] && { 'impersonate-uid': user['as-uid'] }),
    ...(user['as-groups']?.length && { 'impersonate-group': user['as-groups'] }),
    ...Object.fromEntries(extra),
  }
}

/**
 * Returns how to call the plugin. A relative command with a slash is resolved from the kubeconfig's
 * folder; a name alone is looked up in PATH.
 */
function pluginOf(
  exec: z.infer<typeof execFields>,
  cluster: ClusterFields,
  folder: string,
): PluginCall {
  const { command } = exec
  const isPath = command.includes('/') && !isAbsolute(command)
  return {
    command: isPath ? resolve(folder, command) : command,
    args: exec.args ?? [],
    env: Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
    apiVersion: exec.apiVersion,
    installHint: exec.installHint || undefined,
    cluster: exec.provideClusterInfo ? clusterInfo(cluster) : undefined,
  }
}

/** Returns what the plugin is told about the cluster, in the form of KEP-541's ExecCredential. */
function clusterInfo(cluster: ClusterFields): Record<string, unknown> {
  const extension = cluster.extensions?.find(({ name }) => name === EXEC_EXTENSION)
  return {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'] ?? undefined,
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'] ?? undefined,
    'proxy-url': cluster['proxy-url'] ?? undefined,
    config: extension?.extension,
  }
}
