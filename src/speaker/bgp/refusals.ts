import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { Brought } from '../../apply/bgp/frr.ts'
import { masked, neighbourLine } from '../../ruleset/bgp/lines.ts'
import { pathOf, routerOf } from '../../ruleset/bgp/tree.ts'

type Refused = Extract<Brought, { readonly kind: 'brought' }>['refused'][number]

/**
 * Returns what FRR did not take as problems of the objects that ask for it. Lines of one object that FRR
 * refuses with the same words are one problem.
 */
export function refusalProblems(
  refused: readonly Refused[],
  peers: readonly BgpSession[],
): readonly AnnounceProblem[] {
  const lines = new Map<string, { object: string; reason: string; lines: string[] }>()
  for (const { operation, said } of refused) {
    const object = objectOf(operation, peers)
    const reason = said === '' ? 'it does not say why' : said.replace(/\s+/g, ' ')
    const known = lines.get(`${object} ${reason}`) ?? { object, reason, lines: [] }
    known.lines.push(`"${lineOf(operation)}"`)
    lines.set(`${object} ${reason}`, known)
  }
  return [...lines.values()].map(({ object, reason, lines: taken }) => {
    const message = `FRR does not take ${taken.join(', ')}: ${reason}; the rest goes on`
    return { object, message }
  })
}

function lineOf(operation: Refused['operation']): string {
  return 'line' in operation ? masked(operation.line) : (pathOf(operation.context).at(-1) ?? '')
}

function objectOf(
  { context, ...rest }: Refused['operation'],
  peers: readonly BgpSession[],
): string {
  const profile = /^bfd \| profile (\S+)$/.exec(context)?.[1]
  if (profile !== undefined) return `BFDProfile/${profile}`
  const neighbour = 'line' in rest ? neighbourLine(rest.line)?.neighbour : undefined
  const vrf = / vrf (\S+)$/.exec(routerOf(context))?.[1] ?? ''
  const peer = peers.find((each) => each.vrf === vrf && placeOf(each.end) === neighbour)
  return peer === undefined ? 'FRR' : `BGPPeer/${peer.name}`
}
