import type { Report } from '../decode/problem.ts'
import { type Address, familyOf, parseAddress } from '../model/address.ts'
import type { KubeProxyAddresses, ListenAddress } from '../model/listening.ts'
import type { Scope } from '../model/node.ts'

/** The ports of kube-proxy (pkg/cluster/ports/ports.go). */
const HEALTHZ_PORT = 10_256
const METRICS_PORT = 10_249

export interface KubeProxyBindAddresses {
  readonly healthz: ListenAddress
  readonly metrics: ListenAddress
}

/**
 * The addresses in a NodelbConfiguration: undefined if a field is not set, `none` if nodelb must
 * not answer there.
 */
export interface OwnBindAddresses {
  readonly healthz: ListenAddress | 'none' | undefined
  readonly metrics: ListenAddress | 'none' | undefined
}

export const defaultBindAddresses: KubeProxyBindAddresses = {
  healthz: { host: undefined, port: HEALTHZ_PORT },
  metrics: { host: '127.0.0.1', port: METRICS_PORT },
}

interface BindFields {
  readonly bindAddress?: string | null | undefined
  readonly healthzBindAddress?: string | null | undefined
  readonly metricsBindAddress?: string | null | undefined
}

/**
 * Returns where kube-proxy listens, with its defaults (its v1alpha1/defaults.go): the metrics host
 * is the loopback address in the family of bindAddress. Bad addresses are reported.
 */
export function kubeProxyBindAddresses(read: BindFields, report: Report): KubeProxyBindAddresses {
  const { healthz, metrics } = defaultBindAddresses
  const node = parseAddress(read.bindAddress ?? '')?.value
  const loopback = node !== undefined && familyOf(node) === 'ipv6' ? '::1' : metrics.host
  return {
    healthz:
      bindAddress(read.healthzBindAddress, 'healthzBindAddress', HEALTHZ_PORT, report) ?? healthz,
    metrics: bindAddress(read.metricsBindAddress, 'metricsBindAddress', METRICS_PORT, report) ?? {
      ...metrics,
      host: loopback,
    },
  }
}

/**
 * Returns the node's primary address in its family, as set by `bindAddress`. kube-proxy does not
 * listen there: it only prefers this address to those of the Node (detectNodeIPs in its
 * cmd/kube-proxy/app/server.go). Returns undefined for all addresses, and for a bad one, which it
 * reports.
 */
export function primaryAddressOf(
  text: string | null | undefined,
  report: Report,
): Address | undefined {
  if (text == null || text === '') return undefined
  const address = parseAddress(text)?.value
  if (address === undefined) report.error('bindAddress', text, 'an IP address such as 0.0.0.0')
  return address === undefined || ANY.includes(address) ? undefined : address
}

/** Returns the addresses that the NodelbConfiguration sets; bad ones are reported. */
export function ownBindAddresses(read: BindFields, report: Report): OwnBindAddresses {
  return {
    healthz: ownBindAddress(read, 'healthzBindAddress', HEALTHZ_PORT, report),
    metrics: ownBindAddress(read, 'metricsBindAddress', METRICS_PORT, report),
  }
}

/**
 * Returns where nodelb answers in place of kube-proxy. Beside kube-proxy it answers only where its
 * own configuration says so.
 */
export function answersAsKubeProxy(
  kubeProxy: KubeProxyBindAddresses,
  own: OwnBindAddresses,
  scope: Scope,
): KubeProxyAddresses {
  const chosen = (
    mine: ListenAddress | 'none' | undefined,
    theirs: ListenAddress,
  ): ListenAddress | undefined => {
    if (mine === 'none') return undefined
    return mine ?? (scope === 'all' ? theirs : undefined)
  }
  return {
    healthz: chosen(own.healthz, kubeProxy.healthz),
    metrics: chosen(own.metrics, kubeProxy.metrics),
  }
}

type Field = 'healthzBindAddress' | 'metricsBindAddress'

function ownBindAddress(read: BindFields, field: Field, port: number, report: Report) {
  const text = read[field]
  return text === '' ? 'none' : bindAddress(text, field, port, report)
}

/** Returns the address and port; undefined if the field is not set or is bad, which is reported. */
export function bindAddress(
  text: string | null | undefined,
  field: string,
  defaultPort: number,
  report: Report,
): ListenAddress | undefined {
  if (text == null || text === '') return undefined
  const bare = parseAddress(text)?.value
  const listen = bare === undefined ? parseListen(text) : { host: bare, port: defaultPort }
  const { host = '::', port = 0 } = listen ?? {}
  const at = parseAddress(host)?.value
  if (at !== undefined && port > 0) return { host: ANY.includes(at) ? undefined : at, port }
  report.error(field, text, `an IP address, with or without a port, such as 0.0.0.0:${defaultPort}`)
  return undefined
}

/** Either of these means all addresses of both families, as for kube-proxy (Go's net.Listen). */
const ANY: readonly string[] = ['0.0.0.0', '::']

/**
 * Parses `127.0.0.1:10266`, `[::1]:10266`, or `:10266` for all addresses; returns undefined for any
 * other text.
 */
export function parseListen(text: string): ListenAddress | undefined {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65535) return undefined
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return { host: bare === '' ? undefined : bare, port }
}
