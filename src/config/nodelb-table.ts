import { addressSources } from '../model/allocation-settings.ts'
import { BACKEND_KINDS } from '../model/backend.ts'
import { iptablesFlavours } from '../model/iptables.ts'
import type { ListenAddress } from '../model/listening.ts'
import { announceFieldTable } from './announce-table.ts'
import type { Config } from './config.ts'
import { choice, duration, type Field, type FieldKind, flagKind, whole } from './field.ts'
import { writeDuration, writeListen } from './write-value.ts'

const RANGES: FieldKind = {
  kind: 'list',
  words: 'list of ranges',
  item: { pattern: '^\\s*[0-9A-Fa-f:.]+/[0-9]+\\s*$' },
}

const COUNT = whole(1, 16_777_216)

const LISTEN: FieldKind = {
  kind: 'text',
  words: 'an IP address, with or without a port, or `""`',
  pattern: '^[0-9A-Fa-f:.\\[\\]]*$',
}

const OF_KUBE_PROXY = 'those of the KubeProxyConfiguration'

/**
 * The fields of a NodelbConfiguration. `nodelb config` and the JSON Schema follow from this table; tests
 * hold the names in known-fields.ts and the table of docs/configuration.md equal to it.
 */
export const nodelbTable: readonly Field[] = [
  {
    path: 'scope',
    value: choice('load-balancer', 'all'),
    meaning: 'Which addresses of Services are served: those from outside, or all of them.',
    of: ({ scope }) => scope,
  },
  {
    path: 'backend',
    value: choice('auto', ...BACKEND_KINDS),
    meaning: 'What spreads the connections.',
    of: ({ backend }) => backend,
  },
  {
    path: 'target',
    value: choice('pods', 'cluster-ip'),
    meaning: 'Whether outside addresses lead to pods, or to the ClusterIP of the Service.',
    of: ({ target }) => target,
  },
  {
    path: 'serviceCIDRs',
    value: RANGES,
    meaning: 'The ranges of ClusterIPs, in which nothing else is served.',
    of: ({ serviceRanges }) => serviceRanges,
  },
  {
    path: 'externalIPs.allow',
    value: RANGES,
    otherwise: 'any address',
    meaning: 'The ranges in which externalIPs have to be; others are refused.',
    of: ({ externalIps }) => externalIps.allow ?? null,
  },
  {
    path: 'externalIPs.nodeAddresses',
    value: flagKind,
    meaning: "Whether externalIPs may be this node's own addresses.",
    of: ({ externalIps }) => externalIps.nodeAddresses,
  },
  {
    path: 'protectedPorts',
    value: { kind: 'list', words: 'list of ports', item: 'port' },
    meaning: "Ports of this node's own addresses that no Service can take over.",
    of: ({ protectedPorts }) => protectedPorts,
  },
  {
    path: 'conntrack.tcp',
    value: choice('keep', 'reset'),
    meaning: 'What becomes of TCP connections to an endpoint that is gone.',
    of: ({ tcpFlows }) => tcpFlows,
  },
  {
    path: 'conntrack.tcpBeLiberal',
    value: flagKind,
    otherwise: '`true` with `scope: all`, else `false`',
    meaning: 'Whether TCP segments outside the window are translated, too.',
    of: ({ tcpBeLiberal, scope }) => tcpBeLiberal ?? scope === 'all',
  },
  {
    path: 'ownership',
    value: choice('kernel', 'none'),
    meaning: "Whether the kernel keeps other processes from changing the agent's tables.",
    of: ({ ownership }) => ownership,
  },
  {
    path: 'minSyncPeriod',
    value: duration(0, 60_000),
    // No `default` for programs that fill it in: written out, it does not end early.
    otherwise: '`100ms`, ended early once nothing more comes',
    meaning: 'The least time from one commit of the agent to the next, if it is set.',
    of: ({ minSyncPeriod }) => writeDuration(minSyncPeriod),
  },
  {
    path: 'comparePeriod',
    value: duration(1_000, 86_400_000),
    meaning: 'How often the agent compares all that the kernel holds with what it should hold.',
    of: ({ comparePeriod }) => writeDuration(comparePeriod),
  },
  {
    path: 'ipvs.interface',
    value: { kind: 'text', words: 'a name', pattern: '^[A-Za-z][A-Za-z0-9_.\\-]{0,14}$' },
    meaning: 'The dummy interface that holds the addresses of Services, with ipvs.',
    of: ({ ipvsInterface }) => ipvsInterface,
  },
  {
    path: 'iptables.flavour',
    value: choice(...iptablesFlavours),
    meaning: 'Which of the two programs called iptables is used.',
    of: ({ iptablesFlavour }) => iptablesFlavour,
  },
  {
    path: 'healthzBindAddress',
    value: LISTEN,
    otherwise: OF_KUBE_PROXY,
    meaning: 'Where /healthz answers in place of kube-proxy; an empty text: nowhere.',
    of: (config) => answering(config, 'healthz'),
  },
  {
    path: 'metricsBindAddress',
    value: LISTEN,
    otherwise: OF_KUBE_PROXY,
    meaning: 'Where /metrics answers in place of kube-proxy; an empty text: nowhere.',
    of: (config) => answering(config, 'metrics'),
  },
  {
    path: 'metrics.services.enabled',
    value: flagKind,
    meaning: 'Whether the connections to each Service are counted, for /metrics/services.',
    of: ({ meterServices }) => meterServices,
  },
  {
    path: 'metrics.services.selector',
    value: {
      kind: 'text',
      words: 'a selector of labels, as `kubectl -l` takes it',
      pattern: '^[\\w./,=!()\\s\\-]*$',
    },
    otherwise: 'all Services',
    meaning: 'The labels of the Services whose connections are counted.',
    of: ({ meterSelector }) => meterSelector?.text ?? null,
  },
  {
    path: 'sessionAffinity.clients',
    value: COUNT,
    meaning: 'How many clients of Services with session affinity the kernel remembers.',
    of: ({ affinityClients }) => affinityClients,
  },
  {
    path: 'limits.claimsPerService',
    value: COUNT,
    meaning: 'How many pairs of address and port a Service may ask for.',
    of: ({ limits }) => limits.claimsPerService,
  },
  {
    path: 'limits.entriesPerService',
    value: COUNT,
    meaning: 'How many entries a Service may take in the kernel.',
    of: ({ limits }) => limits.entriesPerService,
  },
  {
    path: 'limits.entriesPerNamespace',
    value: COUNT,
    meaning: 'How many entries all Services of a namespace may take together.',
    of: ({ limits }) => limits.entriesPerNamespace,
  },
  {
    path: 'addresses',
    value: choice(...addressSources),
    meaning: 'Where LoadBalancer addresses come from.',
    of: ({ allocation }) => allocation.addresses,
  },
  {
    path: 'onPoolChange',
    value: choice('keep', 'move'),
    meaning: 'What becomes of an address in use that its pool no longer offers.',
    of: ({ allocation }) => allocation.onPoolChange,
  },
  {
    path: 'loadBalancerClasses',
    value: { kind: 'list', words: 'list of names', item: {} },
    meaning: 'The classes of Services that get addresses, besides those without a class.',
    of: ({ allocation }) => allocation.loadBalancerClasses,
  },
  {
    path: 'poolUsageWarning',
    value: whole(1, 100),
    meaning: 'The percentage of addresses in use from which on a pool is reported.',
    of: ({ allocation }) => allocation.poolUsageWarning,
  },
  {
    path: 'adoptFinalizers',
    value: flagKind,
    meaning: 'Whether finalizers that other controllers left on Services are removed.',
    of: ({ allocation }) => allocation.adoptFinalizers,
  },
  {
    path: 'ui.enabled',
    value: flagKind,
    meaning: 'Whether the controller serves a page that shows how the cluster fares.',
    of: ({ ui }) => ui.enabled,
  },
  {
    path: 'ui.bindAddress',
    value: {
      kind: 'text',
      words: 'an IP address, with or without a port',
      pattern: '^[0-9A-Fa-f:.\\[\\]]*$',
    },
    meaning: 'Where the controller serves that page.',
    of: ({ ui }) => writeListen(ui.listen),
  },
  ...announceFieldTable,
]

/** Returns where nodelb answers in place of kube-proxy; empty for nowhere. */
function answering(
  { ownBindAddresses, bindAddresses, scope }: Config,
  what: 'healthz' | 'metrics',
): string {
  const beside: ListenAddress | 'none' = scope === 'all' ? bindAddresses[what] : 'none'
  const at = ownBindAddresses[what] ?? beside
  return at === 'none' ? '' : writeListen(at)
}
