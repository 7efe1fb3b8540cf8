import { leftOutClause } from '../../announce/left-out.ts'
import { printSilence } from '../../announce/silence.ts'
import { printFirst } from '../../announce/why-first.ts'
import { visible } from '../../decode/problem.ts'
import type { AddressOrigin } from '../../model/service.ts'
import { unreachable } from '../../model/unreachable.ts'
import { type AddressEntry, ownerOf } from '../announcers/report.ts'
import { shortList } from '../columns.ts'
import type { ByBgp } from './by-bgp.ts'
import type { OnLan } from './on-lan.ts'
import type { Fact } from './print.ts'
import { bgpSentences } from './print-bgp.ts'

/** As many Nodes that come next are named. */
const MOST = 4

/** What the objects say about an address besides the rules. */
export interface OfAddress {
  readonly origin: AddressOrigin | undefined
  readonly lan: OnLan | undefined
  readonly bgp: ByBgp | undefined
}

/** Returns where an address comes from, and who announces it, as far as that is known. */
export function addressFacts({ origin, lan, bgp }: OfAddress): readonly Fact[] {
  const announced = [
    ...(lan === undefined ? [] : [...whoAnswers(lan), ...ofThisNode(lan), ...problemOf(lan)]),
    ...(bgp === undefined ? [] : bgpSentences(bgp)),
  ]
  return [
    ...(origin === undefined ? [] : [['address', visible(originText(origin))] as const]),
    ...announced.map((text): Fact => ['announced', visible(text)]),
  ]
}

function originText({ pool, reason }: AddressOrigin): string {
  return [...(pool === undefined ? [] : [`of pool ${pool}`]), ...(reason ? [reason] : [])].join(
    ': ',
  )
}

function whoAnswers(lan: OnLan): readonly string[] {
  if (lan.kind === 'announced') return nodesInOrder(lan.entry)
  if (lan.problem !== undefined) return [`not known: ${lan.problem}`]
  return lan.silences.map(
    ({ service, reason }) => `by nobody, for ${service}: ${printSilence(reason)}`,
  )
}

function nodesInOrder(entry: AddressEntry): readonly string[] {
  const [first, ...next] = entry.order
  const interfaces = first?.interfaces
  const on = interfaces === undefined ? '' : ` on ${[...interfaces].join(', ')}`
  const why = printFirst(ownerOf(entry), entry.why)
  const names = next.map(({ node }) => node)
  return [
    `by ${ownerOf(entry)}${on}, if all Nodes run and are settled: ${why}`,
    ...(names.length === 0 ? [] : [`next ${shortList(names, MOST)}`]),
  ]
}

function ofThisNode({ node, standing }: OnLan): readonly string[] {
  const here = `this node, ${node},`
  switch (standing.kind) {
    case 'first':
      return [`${here} is the first`]
    case 'reserve':
      return [`${here} is number ${standing.place} of ${standing.of}`]
    case 'left-out':
      return [`${here} ${leftOutClause(standing.reason, false)}`]
    case 'surplus':
      return [`${here} may, too, but of so many Nodes only the first ${standing.few} stand for it`]
    case 'nothing':
      return []
    default:
      return unreachable(standing)
  }
}

function problemOf({ kind, problem }: OnLan): readonly string[] {
  return kind === 'silent' || problem === undefined ? [] : [`but no Node takes it: ${problem}`]
}
