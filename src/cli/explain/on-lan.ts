import { eligible } from '../../announce/eligible.ts'
import type { LeftOut, LeftOutReason } from '../../announce/left-out.ts'
import { whyUnknown } from '../../announce/problems.ts'
import type { Silence } from '../../announce/silence.ts'
import type { Config } from '../../config/config.ts'
import type { Address } from '../../model/address.ts'
import { keyProblem } from '../../model/announce-settings.ts'
import type { AnnouncingInput } from '../../watch/files/read-announcing.ts'
import { type AddressEntry, entriesOf, ownerOf } from '../announcers/report.ts'
import { permissionOf } from '../permission.ts'

/** Who answers for an address on the LAN while all Nodes run and are settled, by the objects alone. */
export type OnLan = (
  | { readonly kind: 'announced'; readonly entry: AddressEntry }
  /** No Node may announce it, for one reason for each Service that has it. */
  | {
      readonly kind: 'silent'
      readonly silences: readonly Silence[]
      readonly leftOut: readonly LeftOut[]
    }
) & {
  /** The name of this Node. */
  readonly node: string
  readonly standing: Standing
  /** Why it is otherwise, or not known, as a sentence; undefined if nothing speaks against it. */
  readonly problem: string | undefined
}

/** What this Node has to do with the address. */
type Standing =
  | { readonly kind: 'first' }
  /** It answers if those before it do not run; the first has the place 1. */
  | { readonly kind: 'reserve'; readonly place: number; readonly of: number }
  | { readonly kind: 'left-out'; readonly reason: LeftOutReason }
  /** It may announce the address, and so many may that only the first few of them stand for it. */
  | { readonly kind: 'surplus'; readonly few: number }
  /** The address is announced by no Node, for reasons that are not about this one. */
  | { readonly kind: 'nothing' }

/** Returns undefined if it is no address of a LoadBalancer Service, and if nothing is announced. */
export function onLan(
  wanted: Address,
  node: string,
  { objects }: Pick<AnnouncingInput, 'objects'>,
  config: Config,
): OnLan | undefined {
  if (!config.announce.layer2.enabled) return undefined
  const eligibility = eligible(objects, permissionOf(config))
  const nodes = objects.nodes.map(({ name }) => name)
  const entry = entriesOf(eligibility, nodes).find(({ address }) => address === wanted)
  if (entry !== undefined) {
    const problem = keyProblem(config.announce.layer2, nodes.length)
    return { kind: 'announced', entry, node, problem, standing: standingIn(entry, node) }
  }
  const silences = eligibility.silences.filter(({ addresses }) => addresses.includes(wanted))
  if (silences.length === 0) return undefined
  const leftOut = leftOutIn(silences)
  const problem = whyUnknown(objects)
  return { kind: 'silent', silences, leftOut, node, problem, standing: leftOutAs(node, leftOut) }
}

function standingIn(entry: AddressEntry, node: string): Standing {
  const { order, leftOut } = entry
  if (ownerOf(entry) === node) return { kind: 'first' }
  const at = order.findIndex((each) => each.node === node)
  if (at > 0) return { kind: 'reserve', place: at + 1, of: order.length }
  const reasoned = leftOutAs(node, leftOut)
  return reasoned.kind === 'left-out' ? reasoned : { kind: 'surplus', few: order.length }
}

function leftOutAs(node: string, leftOut: readonly LeftOut[]): Standing {
  const mine = leftOut.find((each) => each.node === node)
  return mine === undefined ? { kind: 'nothing' } : { kind: 'left-out', reason: mine.reason }
}

/** Returns each Node once: Services that share an address have the same reasons for it. */
function leftOutIn(silences: readonly Silence[]): readonly LeftOut[] {
  const reasons = new Map(
    silences.flatMap(({ reason }) =>
      reason.kind === 'no-node'
        ? reason.why.flatMap((each) => each.nodes.map((node) => [node, each.reason] as const))
        : [],
    ),
  )
  return [...reasons]
    .map(([node, reason]) => ({ node, reason }))
    .sort((a, b) => (a.node < b.node ? -1 : 1))
}
