import { type Address, type Cidr, cidrContains, familyOf, type IpFamily } from '../model/address.ts'
import { nodePortAddressesIn, type Settings } from '../model/node.ts'

/**
 * What on the machine keeps packets from where the rules lead them. nodelb changes none of it,
 * because it belongs to the machine's owner; it reports each finding with a remedy.
 */

/** The conditions that a machine can have, as status, metrics and Events name them. */
export const MACHINE_CONDITIONS = [
  'ForwardingOff',
  'ForwardPolicyDrop',
  'BridgeNotFiltered',
  'StrictReversePath',
  'NodePortsInEphemeralRange',
  'ConntrackNearlyFull',
  'KernelModuleMissing',
] as const
export type MachineCondition = (typeof MACHINE_CONDITIONS)[number]

export interface Finding {
  readonly condition: MachineCondition
  /** What is wrong, and what it leads to. */
  readonly message: string
  readonly remedy: string
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

export interface Interface {
  readonly name: string
  /** Addresses with the prefix length of their network. */
  readonly networks: readonly Cidr[]
  readonly addresses: readonly Address[]
  readonly isBridge: boolean
  /** net.ipv4.conf.NAME.rp_filter, or that of `all` if it is greater; 1 is strict. */
  readonly reversePath: number | undefined
  /** True if the IPv4 default route leads through it. */
  readonly hasDefaultRoute: boolean
}

/** A base chain of hook forward that drops what no rule accepts. */
export interface DroppingChain {
  readonly families: readonly IpFamily[]
  /** `table ip filter, chain FORWARD`, for example. */
  readonly place: string
  /** `iptables -P FORWARD ACCEPT`, for example. */
  readonly remedy: string
}

/** What was found on the machine; undefined is what could not be read. */
export interface Machine {
  readonly forwarding: Readonly<Record<IpFamily, boolean | undefined>>
  readonly dropping: readonly DroppingChain[]
  readonly interfaces: readonly Interface[]
  /** True if bridged packets pass the hooks of IP (net.bridge.bridge-nf-call-*). */
  readonly bridgeFilter: Readonly<Record<IpFamily, boolean>>
  /** net.ipv4.ip_local_port_range, which applies to IPv6 as well. */
  readonly ephemeral: PortRange | undefined
  /** net.ipv4.ip_local_reserved_ports. */
  readonly reserved: readonly PortRange[]
  readonly conntrack: { readonly count: number; readonly max: number } | undefined
  /** What the kernel lacks for the backend in use, one phrase each. */
  readonly missing: readonly string[]
}

/** What the cluster needs of the machine. */
export interface Demand {
  readonly settings: Pick<Settings, 'nodePortAddresses' | 'backend' | 'scope'>
  readonly families: readonly IpFamily[]
  readonly podRanges: readonly Cidr[]
  /** Empty if none is known yet; then the API server's usual range counts. */
  readonly nodePorts: readonly number[]
  /** Load-balancer addresses and externalIPs. */
  readonly addresses: readonly Address[]
}

/** The default of kube-apiserver's --service-node-port-range. */
const USUAL_NODE_PORTS: PortRange = { first: 30_000, last: 32_767 }
/** Above this share of the table, a burst of connections may fill it. */
const NEARLY_FULL = 0.9

/** Returns what is wrong on the machine; nothing is reported for what could not be read. */
export function preflight(machine: Machine, demand: Demand): readonly Finding[] {
  return [
    ...forwardingOff(machine, demand),
    ...forwardPolicy(machine, demand),
    ...bridges(machine, demand),
    ...reversePaths(machine, demand),
    ...ephemeralPorts(machine, demand),
    ...conntrackFull(machine),
    ...machine.missing.map((what): Finding => {
      const remedy = 'load it on the node, and list it in /etc/modules-load.d for the next boot'
      return { condition: 'KernelModuleMissing', message: what, remedy }
    }),
  ]
}

/** Prints a finding in one line: `…: …; remedy: …`. */
export function printFinding({ message, remedy }: Finding): string {
  return `${message}; remedy: ${remedy}`
}

const FORWARDING: Readonly<Record<IpFamily, string>> = {
  ipv4: 'net.ipv4.ip_forward',
  ipv6: 'net.ipv6.conf.all.forwarding',
}

function forwardingOff({ forwarding }: Machine, { families }: Demand): readonly Finding[] {
  return families
    .filter((family) => forwarding[family] === false)
    .map((family) => ({
      condition: 'ForwardingOff',
      message: `${FORWARDING[family]} is 0: no connection from outside reaches a pod`,
      remedy: `sysctl -w ${FORWARDING[family]}=1`,
    }))
}

/** The iptables backend accepts forwarded packets in the same chain itself. */
function forwardPolicy({ dropping }: Machine, { settings, families }: Demand): readonly Finding[] {
  if (settings.backend.kind === 'iptables') return []
  return dropping
    .filter((chain) => chain.families.some((family) => families.includes(family)))
    .map(({ place, remedy }) => ({
      condition: 'ForwardPolicyDrop',
      message:
        `${place} has the policy drop: connections from outside to pods are lost unless a rule ` +
        'there accepts them, and no rule of a table of its own can',
      remedy,
    }))
}

function bridges(
  { interfaces, bridgeFilter }: Machine,
  { families, podRanges }: Demand,
): readonly Finding[] {
  return families
    .filter((family) => !bridgeFilter[family])
    .flatMap((family) => {
      const ranges = podRanges.filter((range) => familyOf(range) === family)
      const bridge = interfaces.find(
        ({ isBridge, addresses }) =>
          isBridge && addresses.some((it) => ranges.some((range) => cidrContains(range, it))),
      )
      if (bridge === undefined) return []
      const sysctl = `net.bridge.bridge-nf-call-${family === 'ipv4' ? 'iptables' : 'ip6tables'}`
      return [
        {
          condition: 'BridgeNotFiltered' as const,
          message:
            `pods are on the bridge ${bridge.name} and ${sysctl} is not 1: answers between two ` +
            'pods of this node bypass address translation, so a pod cannot use a Service that ' +
            'leads to its neighbour',
          remedy: `modprobe br_netfilter && sysctl -w ${sysctl}=1`,
        },
      ]
    })
}

/**
 * Strict filtering drops clients that come in by another interface than the one that leads back to
 * them. It matters for an interface that is not the default route's and through which an address
 * that Services answer on is reached.
 */
function reversePaths({ interfaces }: Machine, demand: Demand): readonly Finding[] {
  return interfaces
    .filter(({ reversePath, hasDefaultRoute }) => reversePath === 1 && !hasDefaultRoute)
    .flatMap(({ name, networks, addresses }): readonly Finding[] => {
      const served =
        demand.addresses.find((it) => networks.some((network) => cidrContains(network, it))) ??
        addresses.find((it) => servesNodePorts(demand, it))
      if (served === undefined) return []
      // A slash replaces the dot in the name of a VLAN: `eth0/100`.
      const sysctl = `net.ipv4.conf.${name.replaceAll('.', '/')}.rp_filter`
      return [
        {
          condition: 'StrictReversePath',
          message:
            `${sysctl} is 1 (strict) and ${served} is reached through ` +
            `${name}, which is not the default route: clients behind a router there are dropped`,
          remedy: `sysctl -w ${sysctl}=2`,
        },
      ]
    })
}

/**
 * Only addresses that the configuration chooses count: the primary one is usually on the interface
 * of the default route, and "all addresses" includes those of bridges to which only pods are
 * connected.
 */
function servesNodePorts({ settings, nodePorts }: Demand, address: Address): boolean {
  if (settings.scope !== 'all' || nodePorts.length === 0) return false
  // IPv6 has no such filter.
  if (familyOf(address) !== 'ipv4') return false
  const chosen = nodePortAddressesIn(settings.nodePortAddresses, 'ipv4')
  return chosen.kind === 'ranges' && chosen.ranges.some((range) => cidrContains(range, address))
}

/** A program of the node that uses such a port gets no answers, because the rules come first. */
function ephemeralPorts(
  { ephemeral, reserved }: Machine,
  { nodePorts, settings }: Demand,
): readonly Finding[] {
  if (ephemeral === undefined || settings.scope !== 'all') return []
  const ports = nodePorts.length > 0 ? nodePorts : [USUAL_NODE_PORTS.first, USUAL_NODE_PORTS.last]
  const bites = (port: number): boolean =>
    within(ephemeral, port) && !reserved.some((range) => within(range, port))
  const first = ports.find(bites)
  if (first === undefined) return []
  const range = `${USUAL_NODE_PORTS.first}-${USUAL_NODE_PORTS.last}`
  return [
    {
      condition: 'NodePortsInEphemeralRange',
      message:
        `NodePort ${first} is inside net.ipv4.ip_local_port_range (${ephemeral.first} to ` +
        `${ephemeral.last}): a connection that the node opens from that port gets no answer`,
      remedy: `sysctl -w net.ipv4.ip_local_reserved_ports=${range}`,
    },
  ]
}

function within({ first, last }: PortRange, port: number): boolean {
  return port >= first && port <= last
}

function conntrackFull({ conntrack }: Machine): readonly Finding[] {
  if (conntrack === undefined || conntrack.count <= conntrack.max * NEARLY_FULL) return []
  const percent = Math.round((100 * conntrack.count) / conntrack.max)
  return [
    {
      condition: 'ConntrackNearlyFull',
      message:
        `${conntrack.count} of ${conntrack.max} entries of connection tracking are in use ` +
        `(${percent} %): once it is full, new connections are dropped`,
      remedy:
        'raise conntrack.min or conntrack.maxPerCore in the configuration (net.netfilter.nf_conntrack_max)',
    },
  ]
}
