import { type Owner, ownerIn, portIn } from '../frontend/label-text.ts'
import { type Address, familyOf, type IpFamily, type Protocol } from '../model/address.ts'
import { type TableFamily, tableOfAddress } from '../model/family.ts'
import { type FrontendId, frontendText, nodePortKey, vipKey } from '../model/frontend-id.ts'
import type { SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'

/**
 * Ports of this node that something listens on and that are served for a Service all the same: the
 * rules come first, so clients reach the Service, and the listener wonders where they are.
 */

/** A socket that takes what any client sends: a TCP one that listens, or a UDP one without peer. */
export interface Listener {
  readonly protocol: Extract<Protocol, 'tcp' | 'udp'>
  readonly port: number
  /** Undefined if it listens on all addresses of its families. */
  readonly address: Address | undefined
  /** Both families for an IPv6 socket that takes IPv4 as well. */
  readonly families: readonly IpFamily[]
  /** The number by which /proc names it; 0 for a socket of the kernel, such as WireGuard's. */
  readonly inode: number
}

/** What this node serves, and where. */
interface ServedHere {
  /** The addresses of the Node that its interfaces have. */
  readonly nodeAddresses: readonly Address[]
  /** The addresses of its interfaces on which NodePorts are served. */
  readonly nodePortAddresses: readonly Address[]
  /** Returns the label of what is served there; undefined if nothing is. */
  readonly labelAt: (family: TableFamily, id: FrontendId) => string | undefined
  readonly nameOf: (owner: Owner) => ServiceName
  /**
   * Returns whether the listener is no stranger: this process has it, or it is an endpoint of the
   * Service. It is asked only about listeners at a port that is served.
   */
  readonly belongs: (listener: Listener, service: ServiceName) => boolean
}

/** The ports of each Service that strangers listen on, in order: `192.0.2.1:80/tcp`, `*:30080/tcp`. */
export type HeldPorts = ReadonlyMap<ServiceName, readonly string[]>

/** Returns the held ports; the cost grows with the listeners, not with the Services. */
export function heldPorts(listeners: readonly Listener[], here: ServedHere): HeldPorts {
  const found = new Map<ServiceName, Set<string>>()
  for (const listener of listeners) {
    for (const { id, label } of servedAt(listener, here)) {
      const service = here.nameOf(ownerIn(label))
      if (!TAKEN.has(portIn(label).kind) || here.belongs(listener, service)) continue
      const ports = found.get(service) ?? new Set()
      found.set(service, ports.add(frontendText(id)))
    }
  }
  return new Map(Array.from(found, ([name, ports]) => [name, [...ports].sort()]))
}

/**
 * The kinds of frontends that take connections from a listener. A ClusterIP is no address of a node,
 * and what comes to a healthCheckNodePort is left to the process that answers it.
 */
const TAKEN: ReadonlySet<string> = new Set(['node-port', 'load-balancer', 'external-ip'])

interface Served {
  readonly id: FrontendId
  readonly label: string
}

/**
 * Yields what is served where the socket listens. A socket on all addresses is expected to get what
 * comes to the addresses of the Node. Other addresses of its interfaces may be there for Services
 * alone, as those of kube-vip are; only a socket that is bound to such an address asks for it.
 */
function* servedAt(
  { protocol, port, address, families }: Listener,
  { nodeAddresses, nodePortAddresses, labelAt }: ServedHere,
): Iterable<Served> {
  const nodePort = nodePortKey(protocol, port)
  const all = [...new Set([...nodeAddresses, ...nodePortAddresses])]
  const own = all.filter((each) => families.includes(familyOf(each)))
  for (const each of address === undefined ? own : [address]) {
    const table = tableOfAddress(each)
    const vip = vipKey(each, protocol, port)
    const label = labelAt(table, vip)
    // The rules look for an address with this port first.
    if (label !== undefined) {
      if (each === address || nodeAddresses.includes(each)) yield { id: vip, label }
    } else if (nodePortAddresses.includes(each)) {
      const label = labelAt(table, nodePort)
      if (label !== undefined) yield { id: nodePort, label }
    }
  }
}

/**
 * Returns whether one of these slices leads to the listener: a pod on the network of the node, such
 * as an ingress that has the node's port 80 and is reached at that port of a Service as well.
 */
export function isEndpoint(
  { protocol, port, address, families }: Listener,
  slices: readonly SliceObject[],
  ownAddresses: readonly Address[],
): boolean {
  const own = address === undefined ? ownAddresses : [address]
  return slices
    .filter(({ family }) => families.includes(family))
    .filter(({ ports }) => ports.some((each) => each.protocol === protocol && each.port === port))
    .some(({ endpoints }) => endpoints.some((each) => own.includes(each.address)))
}
