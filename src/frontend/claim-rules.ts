import { type Address, cidrContains } from '../model/address.ts'
import { type NodeView, namedAddresses, type Settings } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import {
  type Claim,
  claimsOf,
  distinct,
  type Forbidden,
  type Judge,
  NOTHING_AGAINST,
} from './claims.ts'
import { nodePortAddresses } from './node-ports.ts'

/** Returns all claims of a Service; those that it may not have are marked `forbidden`. */
export type ClaimsOf = (service: ServiceObject) => readonly Claim[]

/** Returns the function that gives the claims of a Service on this node. */
export function claimsWithin(settings: Settings, node: NodeView): ClaimsOf {
  const judge = judgeOf(settings, node)
  return (service) => distinct(claimsOf(service, settings, judge))
}

/** Returns the function that judges an address by the settings and this node's own addresses. */
export function judgeOf(settings: Settings, node: NodeView): Judge {
  const own = new Set(namedAddresses(node))
  const ports = new Set(settings.protectedPorts)
  const answering = new Set(nodePortAddresses(asServed(settings), node))
  return (kind, address) => {
    const isOwn = own.has(address)
    return {
      forbidden: forbiddenOf({ settings, node, kind, address, isOwn }),
      protectedPorts: isOwn ? ports : NOTHING_AGAINST.protectedPorts,
      amongNodePorts: answering.has(address),
    }
  }
}

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
