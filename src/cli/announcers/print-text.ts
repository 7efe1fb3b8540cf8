import { printLeftOut } from '../../announce/left-out.ts'
import { printFirst } from '../../announce/why-first.ts'
import { columns, section, shortList } from '../columns.ts'
import { bgpAsText } from './bgp-text.ts'
import { type AddressEntry, type Move, ownerOf } from './report.ts'
import { type AnnouncersReport, announcedBy, type SilenceEntry } from './view.ts'

/** As many Nodes or addresses are named in one row. */
const MOST = 4

/** Returns the report for people. */
export function reportAsText(report: AnnouncersReport): string {
  const { silences, without, moves, bgp, problems, given } = report
  const onLayer2 = bgp === undefined ? '' : ' on layer 2'
  const entries = announcedBy(report)
  const away = shortList(without, MOST)
  const moved = moves.length === 0 ? ['  nothing'] : columns(moves.map(moveRow))
  return [
    section(
      `Addresses${onLayer2}, with the Nodes in their order`,
      columns(entries.map(addressRow(given))),
    ),
    section(`Services that nobody announces${onLayer2}`, columns(silences.map(silenceRow))),
    section(`Nodes that may not announce${onLayer2}`, columns(leftOutRows(report))),
    without.length === 0 ? '' : section(`What moves${onLayer2} without ${away}`, moved),
    section(
      `Nodes${onLayer2}`,
      report.entries.length === 0 ? [] : columns(report.nodes.map(nodeRow(report))),
    ),
    ...(bgp === undefined ? [] : bgpAsText(bgp)),
    section('Problems', columns(problems.map(({ object, message }) => [object, message]))),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

function addressRow(given: AnnouncersReport['given']): (entry: AddressEntry) => readonly string[] {
  return (entry) => {
    const { address, services, order, why } = entry
    const nodes = shortList(
      order.map(({ node }) => node),
      MOST,
    )
    const interfaces = order[0]?.interfaces
    const on = interfaces === undefined ? '' : ` (on ${[...interfaces].join(', ')})`
    const simulated = services.some((service) => given.has(service)) ? GIVEN : ''
    return [
      address,
      services.join(' '),
      nodes,
      `${printFirst(ownerOf(entry), why)}${on}${simulated}`,
    ]
  }
}

const GIVEN = '; `nodelb allocate` would give the address'

function silenceRow({ service, addresses, message }: SilenceEntry): readonly string[] {
  return [service, addresses.length === 0 ? '-' : addresses.join(' '), message]
}

function moveRow({ address, services, from, to }: Move): readonly string[] {
  return [address, services.join(' '), `${from} -> ${to ?? 'nobody'}`]
}

interface LeftOutRow {
  readonly node: string
  readonly sentence: string
  readonly addresses: string[]
}

/** Returns each Node once for each reason, with the addresses for which it holds. */
function leftOutRows({ entries }: AnnouncersReport): readonly (readonly string[])[] {
  const rows = new Map<string, LeftOutRow>()
  for (const { address, leftOut } of entries) {
    for (const { node, reason } of leftOut) {
      // Those that are away stand in the title of what moves.
      if (reason.kind === 'away') continue
      const sentence = printLeftOut(reason)
      const key = `${node} ${sentence}`
      const row = rows.get(key)
      if (row === undefined) rows.set(key, { node, sentence, addresses: [address] })
      else row.addresses.push(address)
    }
  }
  const sorted = [...rows.values()].sort((a, b) => (a.node < b.node ? -1 : 1))
  return sorted.map(({ node, sentence, addresses }) => {
    const all = addresses.length === entries.length && entries.length > 1
    return [node, all ? 'any address' : shortList(addresses, MOST), sentence]
  })
}

function nodeRow({ entries }: AnnouncersReport): (node: string) => readonly string[] {
  return (node) => {
    const own = entries.filter((entry) => ownerOf(entry) === node).length
    return [
      node,
      `announces ${own} of ${entries.length} ${entries.length === 1 ? 'address' : 'addresses'}`,
    ]
  }
}
