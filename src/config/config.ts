import { readDocuments } from '../decode/documents.ts'
import { nameOf, valueAt } from '../decode/fields.ts'
import { joinPath, orList, type Problem, said, report as startReport } from '../decode/problem.ts'
import { ipvsBeside } from './ipvs-config.ts'
import {
  decodeKubeProxyConfig,
  defaultKubeProxyConfig,
  type KubeProxyConfig,
} from './kube-proxy-config.ts'
import {
  decodeNodelbConfig,
  defaultNodelbConfig,
  type NodelbConfig,
  type NodelbFields,
} from './nodelb-config.ts'

/** Everything the operator has configured, before it is applied to a node. */
export interface Config extends KubeProxyConfig, NodelbConfig {
  /** The file name for problems that are found later. */
  readonly source: string
}

/** A document as it was read. */
export interface ConfigDocument {
  readonly kind: 'KubeProxyConfiguration' | 'NodelbConfiguration'
  /** The file; for a ConfigMap also where in it the text is. */
  readonly source: string
  readonly value: unknown
}

type ReadConfig =
  | {
      readonly kind: 'config'
      readonly config: Config
      readonly documents: readonly ConfigDocument[]
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** The configuration that applies without a configuration file. */
export const defaultConfig: Config = {
  source: 'defaults',
  ...defaultKubeProxyConfig,
  ...defaultNodelbConfig,
}

const kubeProxyType = 'kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration'
const nodelbType = 'nodelb.io/v1alpha1 NodelbConfiguration'
const configMapType = 'v1 ConfigMap'

/** The documents found so far, at most one of each type. */
interface Found {
  kubeProxy: KubeProxyConfig | undefined
  nodelb: NodelbFields | undefined
  readonly documents: ConfigDocument[]
  readonly problems: Problem[]
}

/** A file of a folder that is read as one configuration. */
export interface ConfigFile {
  readonly text: string
  readonly source: string
}

/**
 * Reads kube-proxy's and nodelb's configuration, as plain documents or in kube-proxy's ConfigMap; they
 * may be in `more` than one file. Returns `invalid` if there is any error.
 */
export function readConfig(
  text: string,
  source: string,
  more: readonly ConfigFile[] = [],
): ReadConfig {
  const found: Found = { kubeProxy: undefined, nodelb: undefined, documents: [], problems: [] }
  for (const file of [{ text, source }, ...more]) readText(file.text, file.source, true, found)
  const { problems } = found
  if (problems.some(({ severity }) => severity === 'error')) return { kind: 'invalid', problems }
  const kubeProxy = found.kubeProxy ?? defaultKubeProxyConfig
  const nodelb = found.nodelb ?? defaultNodelbConfig
  const minSyncPeriod = found.nodelb?.minSyncPeriod ?? kubeProxy.proxyMinSyncPeriod
  const config: Config = {
    source,
    ...kubeProxy,
    ...nodelb,
    proxyIpvs: ipvsBeside(nodelb.announce, kubeProxy.proxyIpvs),
    minSyncPeriod: minSyncPeriod ?? defaultNodelbConfig.minSyncPeriod,
    minSyncPeriodIsSet: minSyncPeriod !== undefined,
  }
  return { kind: 'config', config, documents: found.documents, problems }
}

function readText(text: string, source: string, configMaps: boolean, found: Found): void {
  const documents = readDocuments(text, source)
  found.problems.push(...documents.problems)
  const types = configMaps
    ? [kubeProxyType, nodelbType, configMapType]
    : [kubeProxyType, nodelbType]
  if (documents.values.length === 0 && documents.problems.length === 0) {
    const report = startReport(source)
    report.error('', said('no document'), orList(types))
    found.problems.push(...report.problems)
  }
  for (const value of documents.values) readDocument(value, source, types, found)
}

function readDocument(
  value: unknown,
  source: string,
  types: readonly string[],
  found: Found,
): void {
  const kind = valueAt(value, ['kind'])
  const apiVersion = valueAt(value, ['apiVersion'])
  const type =
    typeof apiVersion === 'string' && typeof kind === 'string' ? `${apiVersion} ${kind}` : kind
  if (typeof kind !== 'string' || typeof type !== 'string' || !types.includes(type)) {
    const report = startReport(source)
    report.error('', wrongDocument(value, type), orList(types))
    found.problems.push(...report.problems)
  } else if (type === configMapType) {
    readConfigMap(value, source, found)
  } else {
    const known = type === kubeProxyType ? 'KubeProxyConfiguration' : 'NodelbConfiguration'
    readTyped({ kind: known, source, value }, found)
  }
}

function wrongDocument(value: unknown, type: unknown): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) return value
  const kind = typeof type === 'string' ? `of kind ${type.slice(0, 80)}` : 'without a kind'
  return said(`a document ${kind}`)
}

function readTyped(document: ConfigDocument, found: Found): void {
  const { kind, source, value } = document
  const report = startReport(source, kind)
  if (found.documents.some((other) => other.kind === kind)) {
    report.error('', said('a second document of this kind'), 'one')
  } else if (kind === 'KubeProxyConfiguration') {
    found.kubeProxy = decodeKubeProxyConfig(value, report)
  } else {
    found.nodelb = decodeNodelbConfig(value, report)
  }
  found.documents.push(document)
  found.problems.push(...report.problems)
}

/** The keys under which kubeadm and OpenShift's cluster-network-operator put kube-proxy's file. */
const CONFIG_MAP_KEYS = ['config.conf', 'kube-proxy-config.yaml'] as const

function readConfigMap(value: unknown, source: string, found: Found): void {
  const isThere = (key: string) => valueAt(value, ['data', key]) !== undefined
  const key = CONFIG_MAP_KEYS.find(isThere) ?? CONFIG_MAP_KEYS[0]
  const text = valueAt(value, ['data', key])
  const name = nameOf(value, true)
  const path = joinPath('data', key)
  if (typeof text === 'string') {
    readText(text, `${source}: ConfigMap ${name}: ${path}`, false, found)
    return
  }
  const report = startReport(source, 'ConfigMap', name)
  report.error(path, text, 'the text of a KubeProxyConfiguration')
  found.problems.push(...report.problems)
}
