import type { Silence } from '../../announce/silence.ts'
import type { ObjectProblem } from '../../decode/object-problem.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { BgpReport } from './bgp-report.ts'
import type { AddressEntry, Move } from './report.ts'

/** What `nodelb announcers` prints, before it is made text or JSON. */
export interface AnnouncersReport {
  readonly entries: readonly AddressEntry[]
  /** The Services without an address, for which `nodelb allocate` was asked. */
  readonly given: ReadonlySet<ServiceName>
  readonly silences: readonly SilenceEntry[]
  /** The Nodes without which it is tried. */
  readonly without: readonly string[]
  readonly moves: readonly Move[]
  /** The Nodes that are shown, in order of name. */
  readonly nodes: readonly string[]
  /** Undefined where no object is about BGP. */
  readonly bgp: BgpReport | undefined
  readonly problems: readonly ObjectProblem[]
}

export interface SilenceEntry extends Silence {
  readonly message: string
}

/**
 * Returns what concerns one Node: the addresses that it may announce, those from which it is left
 * out, the moves from and to it, and what nobody announces.
 */
export function ofNode(report: AnnouncersReport, node: string): AnnouncersReport {
  const entries = report.entries.map((entry) => {
    return { ...entry, leftOut: entry.leftOut.filter((each) => each.node === node) }
  })
  const moves = report.moves.filter(({ from, to }) => from === node || to === node)
  const bgp = report.bgp && {
    ...report.bgp,
    nodes: report.bgp.nodes.filter((each) => each.node === node),
  }
  return { ...report, entries, moves, bgp, nodes: [node] }
}

/** Returns the entries that one of the Nodes of a report may announce. */
export function announcedBy({ entries, nodes }: AnnouncersReport): readonly AddressEntry[] {
  return entries.filter(({ order }) => order.some(({ node }) => nodes.includes(node)))
}
