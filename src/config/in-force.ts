import { parseDuration } from '../decode/duration.ts'
import { valueAt } from '../decode/fields.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Config, ConfigDocument } from './config.ts'
import type { Value } from './field.ts'
import { kubeProxyTable } from './kube-proxy-table.ts'
import { nodelbTable } from './nodelb-table.ts'

/** What the command line and the environment say in place of the configuration. */
export interface Chosen {
  readonly scope: Config['scope'] | undefined
  readonly backend: Config['backend'] | undefined
  /** The name of the Node, from `--node`. */
  readonly node: string | undefined
  /** The name of the Node, from the environment. */
  readonly nodeName: string | undefined
}

/** Where a value comes from. */
type Source =
  | { readonly kind: 'document'; readonly document: ConfigDocument }
  /** A flag, or a variable of the environment. */
  | { readonly kind: 'given'; readonly name: string }
  | { readonly kind: 'default' }

/** A field as it is in force. */
export interface InForce {
  readonly path: string
  readonly value: Value
  /** What no value means. */
  readonly none: string
  readonly source: Source
}

/** Returns every field that is in force, in the order of the two kinds of documents. */
export function inForce(
  read: Config,
  documents: readonly ConfigDocument[],
  chosen: Chosen,
): readonly InForce[] {
  const config: Config = {
    ...read,
    scope: chosen.scope ?? read.scope,
    backend: chosen.backend ?? read.backend,
    hostname: chosen.node ?? read.hostname ?? chosen.nodeName,
  }
  const ofNodelb = nodelbTable.map(({ path, of, otherwise = 'none' }): InForce => {
    const source = givenBy(path, chosen) ?? documentWith(placesOf(path, config), documents)
    return { path, value: of(config), none: otherwise.replaceAll('`', ''), source }
  })
  const ofKubeProxy = kubeProxyTable(config).map(({ path, of }): InForce => {
    const places: readonly Place[] =
      path === 'ipvs.strictARP' && read.announce.layer2.enabled
        ? [['NodelbConfiguration', 'announce.layer2.enabled']]
        : [['KubeProxyConfiguration', path]]
    const source = path === 'hostnameOverride' ? nameSource(read, chosen) : undefined
    const from = source ?? documentWith(places, documents)
    return { path, value: of(config), none: 'none', source: from }
  })
  return [...ofNodelb, ...ofKubeProxy]
}

/** A field of one of the documents. */
type Place = readonly [ConfigDocument['kind'], string]

/** Returns the fields that decide about this one; the first that is set counts. */
function placesOf(path: string, { mode, scope }: Config): readonly Place[] {
  const own: Place = ['NodelbConfiguration', path]
  switch (path) {
    case 'minSyncPeriod':
      return mode === undefined ? [own] : [own, ['KubeProxyConfiguration', `${mode}.${path}`]]
    case 'healthzBindAddress':
    case 'metricsBindAddress':
      return scope === 'all' ? [own, ['KubeProxyConfiguration', path]] : [own]
    default:
      return [own]
  }
}

function documentWith(places: readonly Place[], documents: readonly ConfigDocument[]): Source {
  for (const [kind, path] of places) {
    const document = documents.find((each) => each.kind === kind)
    const value = valueAt(document?.value, path.split('.'))
    if (document !== undefined && isSet(value, kind, path)) return { kind: 'document', document }
  }
  return { kind: 'default' }
}

/** In a KubeProxyConfiguration an empty text, and no time between commits, mean the default. */
function isSet(value: unknown, kind: ConfigDocument['kind'], path: string): boolean {
  if (value === undefined || value === null) return false
  if (kind === 'NodelbConfiguration') return true
  const noTime = path.endsWith('.minSyncPeriod') && parseDuration(String(value)) === 0
  return value !== '' && !noTime
}

function givenBy(path: string, { scope, backend }: Chosen): Source | undefined {
  if (path === 'scope' && scope !== undefined) return { kind: 'given', name: '--scope' }
  if (path === 'backend' && backend !== undefined) return { kind: 'given', name: '--backend' }
  return undefined
}

/** The environment has the last word about the name of the Node, a flag the first. */
function nameSource({ hostname }: Config, { node, nodeName }: Chosen): Source | undefined {
  if (node !== undefined) return { kind: 'given', name: '--node' }
  if (hostname !== undefined || nodeName === undefined) return undefined
  return { kind: 'given', name: 'NODE_NAME' }
}

/** Returns where a value comes from, as a person says it. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'document':
      return `${source.document.source} (${source.document.kind})`
    case 'given':
      return source.name
    case 'default':
      return source.kind
    default:
      return unreachable(source)
  }
}
