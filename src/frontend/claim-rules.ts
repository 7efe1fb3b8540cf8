import { type Address, cidrContains } from '../model/address.ts'
import { type NodeView, namedAddresses, type Settings } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import { askedFor, type Claim, distinct, type Forbidden } from './claims.ts'
import { nodePortAddresses } from './node-ports.ts'

/** Returns all claims of a Service; those that it may not have are marked `forbidden`. */
export type ClaimsOf = (service: ServiceObject) => readonly Claim[]

/** Returns the function that gives the claims of a Service on this node. */
export function claimsWithin(settings: Settings, node: NodeView): ClaimsOf {
  const judge = judgeOf(settings, node)
  return (service) => distinct(judged(service, settings, judge))
}

/** Yields each claim of a Service, marked with what speaks against it. */
export function* judged(service: ServiceObject, settings: Settings, judge: Judge): Iterable<Claim> {
  // A Service may have many ports; each address is judged only once.
  const known = new Map<string, Judgement>()
  for (const claim of askedFor(service, settings)) {
    if (claim.kind === 'cluster-ip' || claim.kind === 'node-port') {
      yield claim
      continue
    }
    const id = `${claim.kind} ${claim.address}`
    const judgement = known.get(id) ?? judge(claim.kind, claim.address as Address)
    known.set(id, judgement)
    yield applied(claim, judgement)
  }
}

/** What the configuration says about an address, whatever the port, and about its ports. */
interface Judgement {
  readonly forbidden: Forbidden | undefined
  readonly protectedPorts: ReadonlySet<number>
  readonly amongNodePorts: boolean
}

type Judge = (kind: 'load-balancer' | 'external-ip', address: Address) => Judgement

/** Returns the function that judges an address by the settings and this node's own addresses. */
export function judgeOf(settings: Settings, node: NodeView): Judge {
  const own = new Set(namedAddresses(node))
  const ports = new Set(settings.protectedPorts)
  const answering = new Set(nodePortAddresses(asServed(settings), node))
  return (kind, address) => {
    const isOwn = own.has(address)
    return {
      forbidden: forbiddenOf({ settings, node, kind, address, isOwn }),
      protectedPorts: isOwn ? ports : NONE,
      amongNodePorts: answering.has(address),
    }
  }
}

const NONE: ReadonlySet<number> = new Set()

/** Beside kube-proxy, its own configuration says where NodePorts answer: by default everywhere. */
function asServed(settings: Settings): Pick<Settings, 'nodePortAddresses'> {
  return settings.scope === 'all' ? settings : { nodePortAddresses: { kind: 'all' } }
}

/** An address that a Service asks for, and what is needed to judge it. */
interface AskedAddress {
  readonly settings: Settings
  readonly node: NodeView
  readonly kind: 'load-balancer' | 'external-ip'
  readonly address: Address
  /** True if it is an address of this node. */
  readonly isOwn: boolean
}

function forbiddenOf({
  settings: { serviceRanges, externalIps, backend },
  node: { otherNodes },
  kind,
  address,
  isOwn,
}: AskedAddress): Forbidden | undefined {
  const range = serviceRanges.find((each) => cidrContains(each, address))
  if (range !== undefined) return { kind: 'service-range', range }
  if (kind === 'external-ip') {
    const allow = externalIps?.allow
    if (allow?.some((each) => cidrContains(each, address)) === false) {
      return { kind: 'range-not-allowed' }
    }
    if (isOwn && externalIps?.nodeAddresses === false) return { kind: 'node-address' }
  }
  // ipvs would bind the address to this node, and the other Node could no longer be reached from
  // here.
  const isOthers = backend.kind === 'ipvs' && otherNodes?.has(address) === true
  return isOthers && !isOwn ? { kind: 'other-node' } : undefined
}

function applied(claim: Claim, { amongNodePorts, ...judgement }: Judgement): Claim {
  const forbidden = judgement.protectedPorts.has(claim.port.port)
    ? ({ kind: 'protected-port' } as const)
    : judgement.forbidden
  if (forbidden !== undefined) return { ...claim, forbidden }
  return amongNodePorts ? { ...claim, amongNodePorts } : claim
}
