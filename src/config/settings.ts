import { oneOf, parseFields } from '../decode/fields.ts'
import { type Problem, type Report, report as startReport } from '../decode/problem.ts'
import type { Cidr } from '../model/address.ts'
import { loopbackNodePortsOf, nftablesBackend } from '../model/backend.ts'
import { type ConntrackSettings, onlyLiberal } from '../model/conntrack.ts'
import type { LabelSelector } from '../model/label-selector.ts'
import type { LocalTraffic, NodeView, Settings } from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'
import { ROUTE_LOCALNET, type WantedSysctl } from '../plan/sysctls/conntrack.ts'
import { answersAsKubeProxy } from './bind-address.ts'
import type { Config } from './config.ts'
import { nodePortSettings } from './node-port-addresses.ts'
import { type BackendName, readBackend } from './nodelb-config.ts'

/** The flags of the command line, as typed; they take precedence over the file. */
interface Overrides {
  readonly scope?: string | undefined
  readonly backend?: string | undefined
  /** The ports on which the agent answers probes and scrapes; undefined for the other commands. */
  readonly listenPorts?: readonly number[] | undefined
}

interface NodeSettings {
  readonly settings: Settings
  readonly problems: readonly Problem[]
}

/** The node for which a configuration is checked before the real Node is known. */
export const ANY_NODE: NodeView = { name: '', zone: undefined, addresses: [], podCidrs: [] }

/** Returns which Services have their connections counted; all, or nothing is counted, if undefined. */
export function meteredIn({ meterServices, meterSelector }: Config): LabelSelector | undefined {
  return meterServices ? meterSelector?.selector : undefined
}

/**
 * Returns the settings that follow from the configuration on this node, and what is wrong with
 * them.
 */
export function toSettings(
  config: Config,
  node: NodeView,
  overrides: Overrides = {},
): NodeSettings {
  const flags = startReport('command line')
  const report = startReport(config.source, 'Node', node.name)
  const scope = scopeOf(config, overrides, flags)
  const backend = backendNamed(config, overrides, flags)
  if (scope === 'all' && config.target === 'cluster-ip') {
    report.error(
      'target',
      'cluster-ip',
      'pods: with scope all this table is what leads a ClusterIP to its pods',
    )
  }
  if (backend === 'ipvs' && config.target === 'cluster-ip') {
    report.error(
      'target',
      'cluster-ip',
      'pods: ipvs takes a connection once, and leads it to a pod',
    )
  }
  const { nodePortAddresses, loopbackNodePorts } = nodePortSettings(
    config,
    node,
    { scope, backend },
    report,
  )
  const settings: Settings = {
    scope,
    target: config.target,
    localTraffic: localTrafficOf(config, node, report),
    nodePortAddresses,
    masqueradeAll: config.masqueradeAll,
    masqueradeBit: config.masqueradeBit,
    serviceRanges: config.serviceRanges,
    affinityClients: config.affinityClients,
    meterServices: config.meterServices,
    externalIps: config.externalIps,
    protectedPorts: protectedPortsOf(config, overrides),
    ...backendOf(backend, config, loopbackNodePorts),
  }
  return { settings, problems: [...flags.problems, ...report.problems] }
}

/** Returns the settings of the backend; `auto` means nftables until the kernel has been asked. */
function backendOf(
  chosen: Config['backend'],
  { iptablesFlavour: flavour, proxyIpvs, ipvsInterface }: Config,
  loopbackNodePorts: readonly Cidr[],
): Pick<Settings, 'backend' | 'fallback'> {
  switch (chosen) {
    case 'nftables':
      return { backend: nftablesBackend }
    case 'iptables':
      return { backend: { kind: 'iptables', flavour, loopbackNodePorts } }
    case 'ipvs':
      return { backend: { kind: 'ipvs', ...proxyIpvs, interface: ipvsInterface } }
    case 'auto': {
      const fallback = { kind: 'iptables', flavour, loopbackNodePorts: [] } as const
      return { backend: nftablesBackend, fallback }
    }
  }
}

/**
 * Returns the ports that no Service may claim on the node's own addresses: those of the node's own
 * programs, kube-proxy's or those that nodelb uses in its place, and nodelb's.
 */
function protectedPortsOf(config: Config, { listenPorts = [] }: Overrides): readonly number[] {
  const { protectedPorts, bindAddresses, ownBindAddresses } = config
  const answering = answersAsKubeProxy(bindAddresses, ownBindAddresses, 'all')
  const ports = [bindAddresses.healthz, bindAddresses.metrics, answering.healthz, answering.metrics]
  const known = ports.flatMap((address) => (address === undefined ? [] : [address.port]))
  return [...new Set([...protectedPorts, PROBES_PORT, ...known, ...listenPorts])]
}

/** The default port of --listen. */
const PROBES_PORT = 10_266

/**
 * Returns the conntrack settings to apply; undefined if there are none. Beside kube-proxy, or a
 * replacement for it, the limits are left to that. In place of kube-proxy, TCP segments outside the
 * window are translated unless the NodelbConfiguration says otherwise. kube-proxy's own field is
 * not used for this, because kubeadm writes `tcpBeLiberal: false` into every cluster, where a rule
 * of kube-proxy drops such segments (docs/adr/0017-out-of-window-segments.md).
 */
export function conntrackOf(
  { conntrack, tcpBeLiberal }: Config,
  { scope }: Pick<Settings, 'scope'>,
): ConntrackSettings | undefined {
  if (scope === 'all') return { ...conntrack, tcpBeLiberal: tcpBeLiberal ?? true }
  return tcpBeLiberal === true ? onlyLiberal : undefined
}

/** Returns the sysctl that NodePorts on loopback need; undefined if they are not served there. */
export function loopbackSysctlOf(
  config: Config,
  overrides: Overrides = {},
): WantedSysctl | undefined {
  // The node does not matter: none of its addresses is a loopback address.
  const { settings } = toSettings(config, ANY_NODE, overrides)
  return loopbackNodePortsOf(settings).length > 0 ? ROUTE_LOCALNET : undefined
}

function backendNamed(config: Config, { backend }: Overrides, flags: Report): BackendName {
  if (backend === undefined) return config.backend
  return readBackend(backend, '--backend', flags) ?? config.backend
}

function scopeOf(config: Config, overrides: Overrides, flags: Report): Settings['scope'] {
  if (overrides.scope === undefined) return config.scope
  return (
    parseFields(oneOf(['load-balancer', 'all']), overrides.scope, '--scope', flags) ?? config.scope
  )
}

/**
 * Returns how traffic from pods is recognised. Without a detectLocalMode, kube-proxy uses the
 * cluster's ranges; if there are none, the node's are used.
 */
function localTrafficOf(config: Config, node: NodeView, report: Report): LocalTraffic {
  const { detectLocal, clusterRanges } = config
  switch (detectLocal.kind) {
    case 'interface':
    case 'interface-prefix':
      return detectLocal
    case 'cluster-cidr':
      return rangesOrNone(clusterRanges, 'clusterCIDR', 'a range of pod addresses', report)
    case 'node-cidr':
      return rangesOfNode(node, 'spec.podCIDRs', 'the ranges of its pods', report)
    case 'default': {
      const expected = 'a mode, a clusterCIDR, or podCIDRs of the Node'
      return clusterRanges.length > 0
        ? { kind: 'ranges', ranges: clusterRanges }
        : rangesOfNode(node, 'detectLocalMode', expected, report)
    }
    default:
      return unreachable(detectLocal)
  }
}

function rangesOrNone(
  ranges: readonly Cidr[],
  path: string,
  expected: string,
  report: Report,
): LocalTraffic {
  if (ranges.length > 0) return { kind: 'ranges', ranges }
  report.note(path, undefined, expected, 'no traffic counts as that of pods')
  return { kind: 'none' }
}

function rangesOfNode(
  { podCidrs: ranges }: NodeView,
  path: string,
  expected: string,
  report: Report,
): LocalTraffic {
  if (ranges.length === 0) {
    const effect = 'only traffic from ranges that are programmed already counts as that of pods'
    report.note(path, undefined, expected, effect)
  }
  return { kind: 'ranges', ranges, ofNode: true }
}
