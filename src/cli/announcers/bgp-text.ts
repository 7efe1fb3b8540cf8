import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import { columns, section, shortList } from '../columns.ts'
import type { BgpNode, BgpReport } from './bgp-report.ts'

/** As many Nodes are named in one row. */
const MOST = 4

/** Returns the sections on BGP for people, in which Nodes with the same answer share a row. */
export function bgpAsText({ nodes }: BgpReport): readonly string[] {
  const [announced, missing, sessions] = [new Rows(nodes), new Rows(nodes), new Rows(nodes)]
  for (const { node, why, decision } of nodes) {
    for (const { why: each, message } of why) {
      if (each.kind === 'announced') {
        announced.add(node, [each.address, each.service, `to ${each.peer}`, message])
        continue
      }
      const addresses = each.kind === 'withheld' ? [each.address] : each.addresses
      const peer = each.kind === 'withheld' ? `to ${each.peer}` : 'to nobody'
      missing.add(node, [each.service, addresses.join(' ') || '-', peer, message])
    }
    for (const session of decision.peers) {
      sessions.add(node, [session.name, printSession(session)])
    }
  }
  return [
    section('Addresses announced by BGP', announced.lines()),
    section('Addresses not announced by BGP', missing.lines()),
    section('BGP sessions', sessions.lines()),
    section('Nodes with BGP', columns(nodes.map(nodeRow))),
  ]
}

/** Rows of cells, with the Nodes for which each holds before the last cell. */
class Rows {
  readonly #all: number
  readonly #rows: Map<string, { readonly cells: readonly string[]; readonly nodes: string[] }> =
    new Map()

  constructor(all: readonly BgpNode[]) {
    this.#all = all.length
  }

  add(node: string, cells: readonly string[]): void {
    const key = JSON.stringify(cells)
    const row = this.#rows.get(key)
    if (row === undefined) this.#rows.set(key, { cells, nodes: [node] })
    else row.nodes.push(node)
  }

  lines(): readonly string[] {
    return columns(
      [...this.#rows.values()].map(({ cells, nodes }) => {
        const isAll = nodes.length === this.#all && nodes.length > 1
        const shown = isAll ? 'every Node' : shortList(nodes, MOST)
        return [...cells.slice(0, -1), shown, ...cells.slice(-1)]
      }),
    )
  }
}

function nodeRow({ node, decision }: BgpNode): readonly string[] {
  const { routerId, routes, peers } = decision
  const announced = routes.length === 1 ? '1 route' : `${routes.length} routes`
  const sessions = peers.length === 1 ? '1 session' : `${peers.length} sessions`
  return [node, `router identifier ${routerId}, ${announced}, ${sessions}`]
}

function printSession(session: BgpSession): string {
  const { end, vrf, myAsn, remoteAs, localAsn, sourceAddress, port, timers } = session
  const remote = remoteAs.kind === 'number' ? `AS ${remoteAs.asn}` : `an ${remoteAs.kind} AS`
  const own = localAsn === undefined ? `AS ${myAsn}` : `AS ${myAsn} (shown as ${localAsn})`
  const parts = [
    `${own} to ${remote} at ${placeOf(end)}`,
    ...(vrf === '' ? [] : [`VRF ${vrf}`]),
    ...(sourceAddress === undefined ? [] : [`from ${sourceAddress}`]),
    ...(port === 179 ? [] : [`port ${port}`]),
    ...(timers === undefined ? [] : [`hold time ${timers.hold}s, keepalive ${timers.keepalive}s`]),
    ...(session.connectTime === undefined ? [] : [`connects every ${session.connectTime}s`]),
    ...(session.password === undefined ? [] : ['with a password']),
    ...(session.bfdProfile === undefined ? [] : [`BFD ${session.bfdProfile}`]),
    ...(session.gracefulRestart ? ['graceful restart'] : []),
    ...(session.ebgpMultihop ? ['several hops'] : []),
    session.families.join(' and '),
  ]
  return parts.join(', ')
}
