import {
  type Address,
  type Cidr,
  cidrContains,
  familyOf,
  type Port,
  type Protocol,
} from '../../src/model/address.ts'
import { loopbackNodePortsOf } from '../../src/model/backend.ts'
import { type NodeView, nodePortAddressesIn, type Settings } from '../../src/model/node.ts'
import type { Cluster, ServiceObject, ServicePort, SliceEndpoint } from '../../src/model/service.ts'
import type { Packet } from '../../src/trace/packet.ts'

/**
 * What kube-proxy's semantics demand of a packet, read off the objects one sentence after another,
 * with no thought of rules and sets. It knows nothing of the renderer and is compared with it.
 */
export type Demand =
  | { readonly kind: 'delivered'; readonly to: readonly Delivery[]; readonly sticky: boolean }
  | { readonly kind: 'dropped' | 'refused' | 'untouched' }

/**
 * An endpoint that has to get its equal share, and whether it sees the client or the node. Either is
 * right for a pod that reaches itself by a Service whose slices do not say where it is, when those of
 * another Service do.
 */
export interface Delivery {
  readonly address: Address
  readonly port: Port
  readonly sees: 'client' | 'node' | 'either'
}

export interface World {
  readonly cluster: Cluster
  readonly node: NodeView
  readonly settings: Settings
  /** All addresses of the node, not only those of the Node object. */
  readonly own: ReadonlySet<string>
  /** Those of them that are in a VRF: known to the rules only where the Node object names them. */
  readonly inVrf?: ReadonlySet<string> | undefined
  /** What the backend does in its own way; nothing, where there are none. */
  readonly ways?: OwnWays | undefined
}

/** Where a backend departs from the semantics; docs/adr/0013-ipvs.md has the reasons. */
export interface OwnWays {
  /** Addresses of Services with endpoints are the node's own: ports that none has are refused. */
  readonly takesAddresses: boolean
  /** A NodePort is there for each address by name, in a VRF too. */
  readonly namesAddresses: boolean
  /** The node speaks to a Service from the Service's own address, so it is always masqueraded. */
  readonly masqueradesNode: boolean
  /** Past policy Local pods and the node are led to the ClusterIP, or left to kube-proxy. */
  readonly passesLocalBy: 'cluster-ip'
}

export const waysOfIpvs: OwnWays = {
  takesAddresses: true,
  namesAddresses: true,
  masqueradesNode: true,
  passesLocalBy: 'cluster-ip',
}

export function demandOf(world: World, packet: Packet): Demand {
  const front = frontOf(world, packet)
  if (front === undefined) return unclaimed(world, packet)
  if (isKeptOut(world, front, packet)) return { kind: 'dropped' }
  const { all, local } = endpointsOf(world, front)
  if (all.length === 0 && local.length === 0) return { kind: 'refused' }
  const { from, where } = policyOf(world, front, packet)
  if (where === 'kube-proxy') return { kind: 'untouched' }
  const eligible = where === 'local' ? local : all
  if (eligible.length === 0) return { kind: 'dropped' }
  const to = eligible.map(({ address, port, here }): Delivery => {
    const itself = here && address === packet.from
    if (itself || from === 'node') return { address, port, sees: 'node' }
    const unclear = address === packet.from && isSaidToBeHere(world, address)
    return { address, port, sees: unclear ? 'either' : 'client' }
  })
  return { kind: 'delivered', to, sticky: front.service.affinity.kind === 'client-ip' }
}

function isSaidToBeHere({ cluster, node }: World, address: Address): boolean {
  return cluster.slices.some(({ endpoints }) =>
    endpoints.some((each) => each.address === address && each.nodeName === node.name),
  )
}

type Kind = 'cluster-ip' | 'load-balancer' | 'external-ip' | 'node-port'

/** The Service port that a packet is for, and by what kind of address. */
interface Front {
  readonly service: ServiceObject
  readonly port: ServicePort
  readonly kind: Kind
  readonly to: Address
}

/** An address of a Service comes before a port of the node. */
function frontOf(world: World, { to, protocol, port }: Packet): Front | undefined {
  if (protocol === 'icmp' || port === undefined) return undefined
  return frontAt(world, to, protocol, port)
}

function frontAt(world: World, to: Address, protocol: Protocol, at: Port): Front | undefined {
  const { settings, cluster } = world
  const kinds: readonly Kind[] =
    settings.scope === 'all'
      ? ['cluster-ip', 'load-balancer', 'external-ip']
      : ['load-balancer', 'external-ip']
  const byAge = [...cluster.services].sort(olderFirst)
  for (const kind of kinds) {
    for (const service of byAge) {
      const port = service.ports.find((each) => each.port === at && each.protocol === protocol)
      if (port === undefined || !addressesOf(service, kind).includes(to)) continue
      const front = { service, port, kind, to }
      if (serves(service, to) && mayHave(world, byAge, front)) return front
    }
  }
  return nodePortFront(world, byAge, { to, protocol, port: at })
}

/** ClusterIPs and NodePorts are the API server's to give; the others are not led away from these. */
function mayHave(world: World, byAge: readonly ServiceObject[], front: Front): boolean {
  const { service, port, kind, to } = front
  const { settings, node, own } = world
  if (kind === 'cluster-ip') return true
  if (isIn(settings.serviceRanges, to)) return false
  const holder = byAge.find(({ clusterAddresses }) => clusterAddresses.includes(to))
  if (holder !== undefined && holder !== service) return false
  const isOwn = node.addresses.includes(to)
  if (isOwn && settings.protectedPorts?.includes(port.port)) return false
  const { allow, nodeAddresses } = settings.externalIps ?? {}
  if (kind === 'external-ip') {
    if (isOwn && nodeAddresses === false) return false
    if (allow !== undefined && !isIn(allow, to)) return false
  }
  const answers = settings.scope === 'all' ? isChosen(world, to) : own.has(to) && !isLoopback(to)
  const called = byAge.find(({ ports }) =>
    ports.some((each) => each.nodePort === port.port && each.protocol === port.protocol),
  )
  return !answers || called === undefined || called === service
}

/** A port of the node belongs to one Service, if need be in a family that this does not serve. */
function nodePortFront(
  world: World,
  byAge: readonly ServiceObject[],
  { to, protocol, port }: Pick<Packet, 'to' | 'protocol' | 'port'>,
): Front | undefined {
  if (world.settings.scope !== 'all' || !answersNodePorts(world, to)) return undefined
  for (const service of byAge) {
    const found = service.ports.find((each) => each.nodePort === port && each.protocol === protocol)
    if (found === undefined) continue
    return serves(service, to) ? { service, port: found, kind: 'node-port', to } : undefined
  }
  return undefined
}

function answersNodePorts(world: World, to: Address): boolean {
  const isKnown = world.ways?.namesAddresses || isLoopback(to) || isOwn(world, to)
  const { kind } = nodePortAddressesIn(world.settings.nodePortAddresses, familyOf(to))
  // All addresses are those that the routes outside of VRFs lead to.
  const isMissed = kind === 'all' && !world.ways?.namesAddresses && world.inVrf?.has(to)
  return isKnown && !isMissed && isChosen(world, to)
}

/** What the kernel takes for the node's own, or the Node object. */
function isOwn({ node, own, inVrf }: World, address: Address): boolean {
  return (own.has(address) && inVrf?.has(address) !== true) || node.addresses.includes(address)
}

function isChosen({ settings, node, own }: World, to: Address): boolean {
  if (isLoopback(to)) return isIn(loopbackNodePortsOf(settings), to)
  if (!own.has(to)) return false
  const chosen = nodePortAddressesIn(settings.nodePortAddresses, familyOf(to))
  switch (chosen.kind) {
    case 'all':
      return true
    case 'ranges':
      return isIn(chosen.ranges, to)
    case 'primary':
      return node.addresses.find((each) => familyOf(each) === familyOf(to)) === to
  }
}

function olderFirst(a: ServiceObject, b: ServiceObject): number {
  const age = (service: ServiceObject): string => service.created || '9999'
  const name = (service: ServiceObject): string => `${service.namespace}/${service.name}`
  return age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : name(a) < name(b) ? -1 : 1
}

/** A ClusterIP stays one in whatever other list of its Service it is. */
function addressesOf(service: ServiceObject, kind: Kind): readonly Address[] {
  const { clusterAddresses, loadBalancerAddresses, externalAddresses } = service
  const beside = (addresses: readonly Address[]): readonly Address[] =>
    addresses.filter((address) => !clusterAddresses.includes(address))
  switch (kind) {
    case 'cluster-ip':
      return clusterAddresses
    case 'load-balancer':
      return beside(loadBalancerAddresses)
    case 'external-ip':
      return beside(externalAddresses)
    case 'node-port':
      return []
  }
}

/** A Service serves the families of its cluster addresses. */
function serves({ clusterAddresses }: ServiceObject, to: Address): boolean {
  return clusterAddresses.some((each) => familyOf(each) === familyOf(to))
}

/** A ClusterIP is no host: what it does not offer is refused. Its ranges hold nothing else. */
function unclaimed(world: World, { from, to, protocol }: Packet): Demand {
  const { cluster, settings, ways } = world
  // What serves NodePorts on loopback keeps out of there what comes from elsewhere.
  const loopback = loopbackNodePortsOf(settings)
  if (loopback.length > 0 && to.startsWith('127.') && !from.startsWith('127.')) {
    return { kind: 'dropped' }
  }
  if (ways?.takesAddresses && protocol !== 'icmp' && isTaken(world, to)) return { kind: 'refused' }
  if (settings.scope === 'load-balancer') return { kind: 'untouched' }
  if (cluster.services.some(({ clusterAddresses }) => clusterAddresses.includes(to))) {
    return { kind: 'refused' }
  }
  return { kind: isIn(settings.serviceRanges, to) ? 'dropped' : 'untouched' }
}

/** Whether some port is led from there; an address that the node has anyhow is not taken. */
function isTaken(world: World, to: Address): boolean {
  if (world.own.has(to)) return false
  return world.cluster.services
    .flatMap(({ ports }) => ports)
    .some(({ protocol, port }) => {
      const front = frontAt(world, to, protocol, port)
      return front !== undefined && hasDestinations(world, front)
    })
}

/** Endpoints that terminate are led to no more, but keep what they have; UDP has nothing to keep. */
function hasDestinations(world: World, front: Front): boolean {
  const { service, port, kind } = front
  const { all, local } = endpointsOf(world, front)
  const policy = kind === 'cluster-ip' ? service.internalPolicy : service.externalPolicy
  const leaving = offeredBy(world, front).some(
    ({ state }) =>
      state.terminating && (policy === 'cluster' || state.nodeName === world.node.name),
  )
  return (policy === 'local' ? local : all).length > 0 || (leaving && port.protocol !== 'udp')
}

/** Source ranges guard load-balancer addresses, each family by its own ranges. */
function isKeptOut({ node }: World, { service, kind, to }: Front, { from }: Packet): boolean {
  const ranges = service.sourceRanges.filter((range) => familyOf(range) === familyOf(to))
  const isOpen = ranges.length === 0 && !service.rangesUnread
  if (kind !== 'load-balancer' || isOpen || isIn(ranges, from)) return false
  // Where the address sits on the node, the node speaks to it from that same address.
  const nodeMay = node.addresses.some((address) => isIn(ranges, address))
  return !(from === to && nodeMay)
}

interface Endpoint {
  readonly address: Address
  readonly port: Port
  readonly here: boolean
}

interface Endpoints {
  readonly all: readonly Endpoint[]
  readonly local: readonly Endpoint[]
}

function endpointsOf(world: World, front: Front): Endpoints {
  const { service, port, kind, to } = front
  if (world.settings.target === 'cluster-ip' && kind !== 'cluster-ip') {
    const address = service.clusterAddresses.find((each) => familyOf(each) === familyOf(to))
    const target = { address: address ?? to, port: port.port, here: false }
    return { all: [target], local: [target] }
  }
  const offered = offeredBy(world, front)
  const here = offered.filter(({ state }) => state.nodeName === world.node.name)
  const known = ({ address, port, state }: Offer): Endpoint => ({
    address,
    port,
    here: state.nodeName === world.node.name,
  })
  return {
    all: serving(offered, (ready) => near(ready, world.node)).map(known),
    local: serving(here, (ready) => ready).map(known),
  }
}

interface Offer {
  readonly address: Address
  readonly port: Port
  readonly state: SliceEndpoint
}

/** An endpoint that stands in two slices is one: here if one says so, in the best state of them. */
function offeredBy({ cluster, node }: World, { service, port, to }: Front): readonly Offer[] {
  const entries = cluster.slices
    .filter((slice) => slice.namespace === service.namespace && slice.service === service.name)
    .filter((slice) => slice.family === familyOf(to))
    .flatMap(({ ports, endpoints }) =>
      ports
        .filter((each) => each.name === port.name && each.protocol === port.protocol)
        .flatMap((each) => endpoints.map((state) => ({ port: each.port, state }))),
    )
  const ids = new Set(entries.map((each) => `${each.state.address} ${each.port}`))
  return [...ids].flatMap((id) => {
    const same = entries.filter((each) => `${each.state.address} ${each.port}` === id)
    const states = same.map(({ state }) => state)
    const ready = states.some((state) => state.ready)
    const hints = (kind: 'zones' | 'nodes'): readonly string[] =>
      states.flatMap((state) => state[kind] ?? [])
    return same.slice(0, 1).map(({ port: number, state }) => ({
      address: state.address,
      port: number,
      state: {
        ...state,
        nodeName: states.some(({ nodeName }) => nodeName === node.name) ? node.name : undefined,
        ready,
        serving: states.some((each) => each.serving),
        terminating: ready
          ? states.every((each) => each.terminating)
          : states.some((each) => each.terminating),
        zones: hints('zones'),
        nodes: hints('nodes'),
      },
    }))
  })
}

/** Ready ones; if there are none, those that terminate and still serve (KEP-1669). */
function serving(
  offers: readonly Offer[],
  among: (ready: readonly Offer[]) => readonly Offer[],
): readonly Offer[] {
  const ready = offers.filter(({ state }) => state.ready)
  return ready.length > 0
    ? among(ready)
    : offers.filter(({ state }) => state.serving && state.terminating)
}

/** Hints count when every endpoint has one and some are for us; for the node before its zone. */
function near(ready: readonly Offer[], node: NodeView): readonly Offer[] {
  for (const hint of ['nodes', 'zones'] as const) {
    const mine = hint === 'nodes' ? node.name : node.zone
    const all = ready.every(({ state }) => (state[hint]?.length ?? 0) > 0)
    const chosen = ready.filter(({ state }) => mine !== undefined && state[hint]?.includes(mine))
    if (all && chosen.length > 0) return chosen
  }
  return ready
}

interface Policy {
  readonly where: 'all' | 'local' | 'kube-proxy'
  /** Whom the endpoints are to see, a pod that reaches itself excepted. */
  readonly from: 'client' | 'node'
}

function policyOf(world: World, front: Front, packet: Packet): Policy {
  const { settings, ways } = world
  const { service, kind } = front
  const byPod = isFromPod(settings, packet)
  const byNode = isOwn(world, packet.from) || isLoopback(packet.from)
  const hidesNode = byNode && ways?.masqueradesNode === true
  if (kind === 'cluster-ip') {
    const masquerade = settings.masqueradeAll || byPod === false || hidesNode
    return {
      where: service.internalPolicy === 'local' ? 'local' : 'all',
      from: masquerade ? 'node' : 'client',
    }
  }
  if (service.externalPolicy === 'cluster') return { where: 'all', from: 'node' }
  const where = pastLocal(world, service)
  if (byPod === true) return { where, from: hidesNode ? 'node' : 'client' }
  if (byNode) return { where, from: 'node' }
  return { where: 'local', from: 'client' }
}

/** Where pods and the node are led whom policy Local does not bind. */
function pastLocal({ settings, ways }: World, { internalPolicy }: ServiceObject): Policy['where'] {
  if (ways?.passesLocalBy !== 'cluster-ip') return 'all'
  if (settings.scope === 'load-balancer') return 'kube-proxy'
  return internalPolicy === 'local' ? 'local' : 'all'
}

/** Undefined: nothing tells. */
function isFromPod({ localTraffic: told }: Settings, packet: Packet): boolean | undefined {
  const came = packet.origin.kind === 'interface' ? (packet.origin.name ?? '') : ''
  switch (told.kind) {
    case 'none':
      return undefined
    case 'ranges': {
      const mine = told.ranges.filter((range) => familyOf(range) === familyOf(packet.from))
      return mine.length === 0 ? undefined : isIn(mine, packet.from)
    }
    case 'interface':
      return came === told.name
    case 'interface-prefix':
      return came.startsWith(told.prefix)
  }
}

function isIn(ranges: readonly Cidr[], address: Address): boolean {
  return ranges.some((range) => cidrContains(range, address))
}

function isLoopback(address: Address): boolean {
  return address === '::1' || address.startsWith('127.')
}
