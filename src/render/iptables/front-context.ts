import type { IpFamily } from '../../model/address.ts'
import type { Settings } from '../../model/node.ts'
import type { Tuple } from '../../model/tuple.ts'
import { unreachable } from '../../model/unreachable.ts'
import { CHAINS } from '../../ruleset/iptables/chains.ts'
import {
  FROM_THIS_NODE,
  inInterval,
  jump,
  type Match,
  setMark,
  type Target,
} from '../../ruleset/iptables/rule.ts'
import type { RuleText } from '../../ruleset/iptables/types.ts'
import { endpointsMap, type Front, type Reach, SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import { type StickySeconds, stickySeconds } from './sticky.ts'

type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
type SetElements = ReadonlyMap<Tuple, ElementValue>

/** All that the lowering of VIPs (or of node ports) looks up, found once for all of them. */
export interface FrontContext
  extends Readonly<Record<keyof ReturnType<typeof setsOf>, SetElements>> {
  readonly family: IpFamily
  readonly endpoints: Readonly<Record<Reach, SetElements>>
  readonly stickySeconds: StickySeconds
  readonly clusterIps: SetElements
  readonly restricted: SetElements
  /** Returns the sources that may connect to a restricted VIP, as intervals in order. */
  allowed(vip: Tuple): readonly string[]
  readonly fromPods: readonly Match[]
  readonly fromThisNode: readonly Match[]
  readonly mark: Target
  /** The rules that mark what comes to a ClusterIP. */
  readonly clusterIpMarks: readonly RuleText[]
}

interface ContextParts extends Pick<FrontContext, 'family' | 'allowed'> {
  readonly settings: Settings
  readonly elements: Elements
}

/** Returns what the lowering of VIPs, or of node ports, looks up. */
export function frontContext(
  front: Front,
  { family, settings, elements, allowed }: ContextParts,
): FrontContext {
  const of = (set: string): SetElements => elements.get(set) ?? NONE
  const sets = setsOf(front)
  const isVip = front === 'vip'
  return {
    family,
    known: of(sets.known),
    masquerade: of(sets.masquerade),
    local: of(sets.local),
    noEndpoints: of(sets.noEndpoints),
    noLocalEndpoints: of(sets.noLocalEndpoints),
    endpoints: { all: of(endpointsMap(front, 'all')), local: of(endpointsMap(front, 'local')) },
    stickySeconds: stickySeconds(front, elements),
    clusterIps: isVip ? of(SETS.clusterIps) : NONE,
    restricted: isVip ? of(SETS.restricted) : NONE,
    allowed,
    fromPods: fromPods({ elements, settings }),
    fromThisNode: fromThisNode(of(SETS.nodeAddresses)),
    mark: setMark(settings.masqueradeBit),
    clusterIpMarks: clusterIpMarks(settings, elements),
  }
}

const NONE: SetElements = new Map()

function clusterIpMarks(settings: Settings, elements: Elements): readonly RuleText[] {
  if (settings.masqueradeAll) return [setMark(settings.masqueradeBit)]
  return tellsPods(settings, elements) ? [jump(CHAINS.markOutside)] : []
}

/** Matches what the node itself sends; `--src-type LOCAL` does not know the addresses in a VRF. */
function fromThisNode(named: SetElements): readonly Match[] {
  return [FROM_THIS_NODE, ...[...named.keys()].map((address) => inInterval('src', address))]
}

/** Returns whether packets of pods can be told from others, in this family. */
export function tellsPods(settings: Settings, elements: Elements): boolean {
  const { kind } = settings.localTraffic
  return kind === 'ranges' ? elements.has(SETS.podRanges) : kind !== 'none'
}

/** Returns one match for each way to recognise a pod's packet. */
export function fromPods({
  elements,
  settings,
}: {
  readonly elements: Elements
  readonly settings: Settings
}): readonly Match[] {
  const { localTraffic } = settings
  switch (localTraffic.kind) {
    case 'none':
      return []
    case 'ranges':
      return [...(elements.get(SETS.podRanges)?.keys() ?? [])].map((range) =>
        inInterval('src', range),
      )
    case 'interface':
      return [`-i ${localTraffic.name}`]
    case 'interface-prefix':
      return [`-i ${localTraffic.prefix}+`]
    default:
      return unreachable(localTraffic)
  }
}
