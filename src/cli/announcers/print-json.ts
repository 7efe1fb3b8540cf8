import { printLeftOut } from '../../announce/left-out.ts'
import { printFirst } from '../../announce/why-first.ts'
import { bgpAsJson } from './bgp-json.ts'
import { type AddressEntry, ownerOf } from './report.ts'
import type { AnnouncersReport } from './view.ts'

/** Returns the report for programs, one line of JSON (docs/layer2.md, docs/bgp.md). */
export function reportAsJson(report: AnnouncersReport): string {
  const { entries, given, silences, without, moves, bgp, problems } = report
  const value = {
    addresses: entries.map((entry) => addressOf(entry, given)),
    services: silences.map(({ service, addresses, reason, message }) => {
      return { service, addresses, reason: reason.kind, message }
    }),
    ...(without.length > 0 && {
      without,
      moves: moves.map(({ address, services, from, to }) => {
        return { address, services, from, to: to ?? null }
      }),
    }),
    ...(bgp && { bgp: bgpAsJson(bgp) }),
    problems,
  }
  return `${JSON.stringify(value)}\n`
}

function addressOf(entry: AddressEntry, given: AnnouncersReport['given']): object {
  const { address, services } = entry
  return {
    address,
    services,
    ...firstAsJson(entry),
    given: services.some((service) => given.has(service)),
    ...othersAsJson(entry),
  }
}

/** Returns the Node that announces an address, and why. */
export function firstAsJson(entry: AddressEntry): object {
  const { why } = entry
  return { node: ownerOf(entry), reason: why.kind, message: printFirst(ownerOf(entry), why) }
}

/** Returns the Nodes that may announce an address, and those that may not. */
export function othersAsJson({ order, leftOut }: Pick<AddressEntry, 'order' | 'leftOut'>): object {
  return {
    candidates: order.map(({ node, preference, interfaces }) => {
      return { node, preference, ...(interfaces && { interfaces: [...interfaces] }) }
    }),
    leftOut: leftOut.map(({ node, reason }) => {
      return { node, reason: reason.kind, message: printLeftOut(reason) }
    }),
  }
}
