import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { BgpNode, BgpReport, ToldWhy } from './bgp-report.ts'

/** Returns what is announced by BGP, as a value for JSON (docs/bgp.md). */
export function bgpAsJson({ nodes }: BgpReport): object {
  const told = nodes.flatMap(({ node, why }) => why.map((each) => ({ node, ...each })))
  return {
    addresses: told.flatMap((each) => announcedOf(each)),
    services: told.flatMap((each) => missingOf(each)),
    nodes: nodes.map(nodeOf),
  }
}

type Told = ToldWhy & Pick<BgpNode, 'node'>

function announcedOf({ node, why, message }: Told): readonly object[] {
  if (why.kind !== 'announced') return []
  const { address, service, peer } = why
  const routes = why.routes.map(({ prefix, attributes, advertisements }) => {
    return { prefix, ...attributes, advertisements }
  })
  return [{ address, service, node, peer, routes, message }]
}

function missingOf({ node, why, message }: Told): readonly object[] {
  const { service } = why
  switch (why.kind) {
    case 'announced':
      return []
    case 'withheld': {
      const addresses = [why.address]
      return [{ service, addresses, node, peer: why.peer, reason: why.reason.kind, message }]
    }
    case 'silent':
      return [{ service, addresses: why.addresses, node, reason: why.reason.kind, message }]
    default:
      return unreachable(why)
  }
}

function nodeOf({ node, decision }: BgpNode): object {
  const { routerId, peers, bfdProfiles } = decision
  return { node, routerId, peers: peers.map(sessionOf), bfdProfiles }
}

/** The password is a value that shows itself as `***`. */
function sessionOf({ end, remoteAs, ...session }: BgpSession): object {
  const peerAsn = remoteAs.kind === 'number' ? remoteAs.asn : remoteAs.kind
  return { ...session, peerAsn, at: placeOf(end) }
}
