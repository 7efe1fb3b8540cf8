import type { BgpSession } from '../../announce/bgp/decision.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { Brought } from '../../apply/bgp/frr.ts'
import { placeOf } from '../../render/bgp/from-announcements.ts'
import { peerWord } from '../../render/bgp/wanted.ts'
import { masked, neighbourLine } from '../../ruleset/bgp/lines.ts'
import { pathOf, routerOf } from '../../ruleset/bgp/tree.ts'

type Refused = Extract<Brought, { readonly kind: 'brought' }>['refused'][number]

/** Returns what FRR did not take as problems of the objects that ask for it. */
export function refusalProblems(
  refused: readonly Refused[],
  peers: readonly BgpSession[],
): readonly AnnounceProblem[] {
  return refused.map(({ operation, said }) => {
    const header = pathOf(operation.context).at(-1) ?? ''
    const line = 'line' in operation ? masked(operation.line) : header
    const reason = said === '' ? 'and says nothing' : said.replace(/\s+/g, ' ')
    const message = `FRR does not take "${line}": ${reason}; the rest goes on`
    return { object: objectOf(operation, peers), message }
  })
}

function objectOf(
  { context, ...rest }: Refused['operation'],
  peers: readonly BgpSession[],
): string {
  const profile = /^bfd \| profile (\S+)$/.exec(context)?.[1]
  if (profile !== undefined) return `BFDProfile/${profile}`
  const neighbour = 'line' in rest ? neighbourLine(rest.line)?.neighbour : undefined
  const vrf = / vrf (\S+)$/.exec(routerOf(context))?.[1] ?? ''
  const peer = peers.find((each) => each.vrf === vrf && peerWord(placeOf(each)) === neighbour)
  return peer === undefined ? 'FRR' : `BGPPeer/${peer.name}`
}
