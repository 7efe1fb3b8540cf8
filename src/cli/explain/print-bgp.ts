import { placeOf } from '../../announce/bgp/session-end.ts'
import { printBgpSilence } from '../../announce/bgp/silence.ts'
import { type BgpWhy, printBgpWhy } from '../../announce/bgp/why.ts'
import { visible } from '../../decode/problem.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { SentRoutes, SentToPeer } from '../../speaker/bgp/sent-routes.ts'
import type { ByBgp } from './by-bgp.ts'

/** Returns to whom the Node announces an address by BGP, or why it does not. */
export function bgpSentences({ node, why, peers, stopped }: ByBgp): readonly string[] {
  const here = `this node, ${node},`
  const places = new Map(peers.map(({ name, end }) => [name, `${name} at ${placeOf(end)}`]))
  return [
    ...why.map((each) => {
      switch (each.kind) {
        case 'announced':
          return `${here} by BGP to ${places.get(each.peer)} ${printBgpWhy(each)}`
        case 'withheld':
          return `${here} by BGP not to ${places.get(each.peer)}: ${printBgpWhy(each)}`
        case 'silent':
          return `${here} by BGP to nobody, for ${each.service}: ${printBgpSilence(each.reason)}`
        default:
          return unreachable(each)
      }
    }),
    ...stopped.map(({ object, message }) => `${here} has no session for ${object}: ${message}`),
  ]
}

/** Returns lines that say what FRR has sent of the address, and whether that is as it should be. */
export function printInFrr(bgp: ByBgp, sent: SentRoutes): string {
  if (sent.kind === 'not-asked') return `\n${visible(`FRR here is not asked: ${sent.reason}`)}.\n`
  const lines = sent.peers.map((each) => `  ${visible(sentLine(each))}\n`)
  const agrees = sent.peers.every((each) => isAsWanted(each, bgp.why))
  return `\nFRR here has sent of ${bgp.address}:\n${lines.join('')}${agrees ? '' : OTHERWISE}`
}

const OTHERWISE =
  'By the files it is otherwise: `nodelb diff` shows what FRR would be told, and `nodelb status` what the agent found.\n'

function sentLine({ peer, state, prefixes }: SentToPeer): string {
  const what = prefixes.length === 0 ? 'nothing' : prefixes.join(', ')
  if (state === null) return `to ${peer} nothing: FRR has no such neighbour`
  return state === 'Established'
    ? `to ${peer} ${what}`
    : `to ${peer} ${what}: the session is ${state}`
}

/** Without a session nothing is sent, whatever FRR is told. */
function isAsWanted({ peer, state, prefixes }: SentToPeer, why: readonly BgpWhy[]): boolean {
  const wanted = why.flatMap((each) =>
    each.kind === 'announced' && each.peer === peer ? each.routes.map(({ prefix }) => prefix) : [],
  )
  if (state !== 'Established') return state !== null || wanted.length === 0
  return [...new Set(wanted)].sort().join() === prefixes.join()
}

/** Returns what is announced by BGP for programs; null if that does not apply. */
export function bgpAsJson(bgp: ByBgp | undefined, sent: SentRoutes | undefined): unknown {
  if (bgp === undefined) return null
  const { node, why, stopped } = bgp
  const problems = stopped.map(({ object, message }) => ({ object, problem: message }))
  return { node, ...toldOf(why), problems, frr: frrAsJson(sent) }
}

function toldOf(why: readonly BgpWhy[]): object {
  return {
    peers: why.flatMap((each): readonly object[] => {
      if (each.kind === 'silent') return []
      const { service, peer } = each
      const told = { service, peer, message: printBgpWhy(each) }
      if (each.kind === 'withheld') return [{ ...told, reason: each.reason.kind, routes: [] }]
      const routes = each.routes.map(({ prefix, attributes, advertisements }) => {
        return { prefix, ...attributes, advertisements }
      })
      return [{ ...told, reason: null, routes }]
    }),
    silences: why.flatMap((each) => {
      if (each.kind !== 'silent') return []
      const { service, reason } = each
      return [{ service, reason: reason.kind, message: printBgpSilence(reason) }]
    }),
  }
}

function frrAsJson(sent: SentRoutes | undefined): unknown {
  if (sent === undefined) return null
  return sent.kind === 'asked'
    ? { reason: null, peers: sent.peers }
    : { reason: sent.reason, peers: [] }
}
