import { columns, section, shortList } from '../columns.ts'
import type { Drain } from './drain.ts'

/** As many Nodes are named in one row. */
const MOST = 4

/** Returns what a drain would do, for people. */
export function printDrain({ node, moves, routes, lost }: Drain): string {
  const moved = moves.map(({ address, services, to }) => {
    return [address, services.join(' '), to === undefined ? 'nobody takes it' : `goes to ${to}`]
  })
  const withdrawn = routes.map(({ address, service, stays }) => {
    const left = stays.length === 0 ? 'no Node' : shortList(stays, MOST)
    return [address, service, `stays announced by ${left}`]
  })
  const emptied = lost.map(({ service, local }) => {
    const text = local
      ? 'policy Local: no other Node announces or serves it until a Pod is ready elsewhere'
      : 'connections are refused until a Pod is ready elsewhere'
    return [service, text]
  })
  const parts = [
    section('Services that lose their last endpoint', columns(emptied)),
    section('Addresses that move on layer 2', columns(moved)),
    section('Addresses announced by BGP', columns(withdrawn)),
  ].filter((text) => text !== '')
  return parts.length === 0 ? `Nothing changes without ${node}.\n` : parts.join('\n')
}
