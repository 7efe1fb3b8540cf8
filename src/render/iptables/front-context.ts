import type { IpFamily } from '../../model/address.ts'
import type { Settings } from '../../model/node.ts'
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
import type { NodeRanges } from '../node-ranges.ts'

/** What the chains of all frontends of a family have in common, found once for all of them. */
export interface FrontContext {
  readonly family: IpFamily
  readonly fromPods: readonly Match[]
  readonly fromThisNode: readonly Match[]
  readonly mark: Target
  /** The rules that mark what comes to a ClusterIP. */
  readonly clusterIpMarks: readonly RuleText[]
}

/** What the node and the configuration say, for one family. */
export interface Surroundings {
  readonly settings: Settings
  readonly ranges: NodeRanges
}

/** Returns what the chains of all frontends of a family have in common. */
export function frontContext(family: IpFamily, surroundings: Surroundings): FrontContext {
  const { settings, ranges } = surroundings
  return {
    family,
    fromPods: fromPods(surroundings),
    fromThisNode: fromThisNode(ranges),
    mark: setMark(settings.masqueradeBit),
    clusterIpMarks: clusterIpMarks(surroundings),
  }
}

function clusterIpMarks(surroundings: Surroundings): readonly RuleText[] {
  const { masqueradeAll, masqueradeBit } = surroundings.settings
  if (masqueradeAll) return [setMark(masqueradeBit)]
  return tellsPods(surroundings) ? [jump(CHAINS.markOutside)] : []
}

/** Matches what the node itself sends; `--src-type LOCAL` does not know the addresses in a VRF. */
function fromThisNode({ nodeAddresses }: NodeRanges): readonly Match[] {
  return [FROM_THIS_NODE, ...nodeAddresses.map((address) => inInterval('src', address))]
}

/** Returns whether packets of pods can be distinguished from others, in this family. */
export function tellsPods({ settings, ranges }: Surroundings): boolean {
  const { kind } = settings.localTraffic
  return kind === 'ranges' ? ranges.pods.length > 0 : kind !== 'none'
}

/** Returns one match for each way to recognise a pod's packet. */
export function fromPods({ settings: { localTraffic }, ranges }: Surroundings): readonly Match[] {
  switch (localTraffic.kind) {
    case 'none':
      return []
    case 'ranges':
      return ranges.pods.map((range) => inInterval('src', range))
    case 'interface':
      return [`-i ${localTraffic.name}`]
    case 'interface-prefix':
      return [`-i ${localTraffic.prefix}+`]
    default:
      return unreachable(localTraffic)
  }
}
