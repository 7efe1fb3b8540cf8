import { type Cidr, cidrContains, type IpFamily } from '../../model/address.ts'
import { loopbackNodePortsOf } from '../../model/backend.ts'
import { nodePortAddressesIn } from '../../model/node.ts'
import { unreachable } from '../../model/unreachable.ts'
import { CHAINS } from '../../ruleset/iptables/chains.ts'
import {
  ACCEPT,
  clearMark,
  DROP,
  goto,
  hasMark,
  inInterval,
  jump,
  KNOWN_CONNECTION,
  MASQUERADE,
  type Match,
  NEW_CONNECTION,
  NOT_DNAT,
  RETURN,
  ruleText,
  setMark,
  TO_THIS_NODE,
  WAS_DNAT,
} from '../../ruleset/iptables/rule.ts'
import type {
  BuiltinChain,
  ChainName,
  IptablesChains,
  IptablesTable,
  RuleText,
} from '../../ruleset/iptables/types.ts'
import { fromPods, type Surroundings, tellsPods } from './front-context.ts'
import type { TreeName } from './trees.ts'

interface SharedContext extends Surroundings {
  readonly family: IpFamily
  /** Returns whether the tree has chains. */
  has(tree: TreeName): boolean
  /** Rules that distinguish pods for the chains of exempt Services; undefined if none need any. */
  readonly outside: readonly RuleText[] | undefined
}

export type SharedChains = Readonly<Record<IptablesTable, IptablesChains>>

const NOTHING: IptablesChains = { chains: new Map(), jumps: new Map() }
export const NOTHING_SHARED: SharedChains = { mangle: NOTHING, nat: NOTHING, filter: NOTHING }

/** Returns the chains that exist only once, and the jumps to them, each only where it is of use. */
export function sharedChains(context: SharedContext): SharedChains {
  return {
    mangle: { chains: new Map(), jumps: sourceJumps(context) },
    nat: nat(context),
    filter: filter(context),
  }
}

function sourceJumps(context: SharedContext): IptablesChains['jumps'] {
  const check = ruleText(NEW_CONNECTION, jump(CHAINS.sources))
  return jumps(context.has('sources'), ['PREROUTING', 'OUTPUT'], check)
}

function nat(context: SharedContext): IptablesChains {
  const { settings } = context
  const dispatch = [
    ...(context.has('vips') ? [jump(CHAINS.vips)] : []),
    ...(context.has('nodePorts') ? toNode(context, goto(CHAINS.nodePorts)) : []),
  ]
  const hairpin = context.has('hairpin') ? [ruleText(WAS_DNAT, jump(CHAINS.hairpin))] : []
  const bit = settings.masqueradeBit
  const isUsed = dispatch.length + hairpin.length > 0
  return {
    chains: present([
      [CHAINS.dispatch, dispatch],
      [CHAINS.markOutside, markOutside(context)],
      [
        CHAINS.postrouting,
        isUsed ? [ruleText(hasMark(bit), goto(CHAINS.masquerade)), ...hairpin] : [],
      ],
      [CHAINS.masquerade, isUsed ? [clearMark(bit), MASQUERADE] : []],
    ]),
    jumps: new Map([
      ...jumps(dispatch.length > 0, ['PREROUTING', 'OUTPUT'], jump(CHAINS.dispatch)),
      ...jumps(isUsed, ['POSTROUTING'], jump(CHAINS.postrouting)),
    ]),
  }
}

/** Marks what does not come from pods. */
function markOutside(context: SharedContext): readonly RuleText[] {
  const { settings, outside = [] } = context
  if (!context.has('vips') || !context.has('clusterIps')) return outside
  if (settings.masqueradeAll || !tellsPods(context)) return outside
  return [
    ...fromPods(context).map((match) => ruleText(match, RETURN)),
    setMark(settings.masqueradeBit),
  ]
}

/** A packet whose destination is still a VIP after translation has no endpoint to go to. */
function filter(context: SharedContext): IptablesChains {
  const { family, ranges } = context
  const refuse = [
    ...(context.has('unservedVips') ? [jump(CHAINS.unservedVips)] : []),
    ...(context.has('unservedNodePorts') ? toNode(context, jump(CHAINS.unservedNodePorts)) : []),
    ...(context.has('clusterIps') ? [jump(CHAINS.clusterIps)] : []),
    ...ranges.services.map((range) => ruleText(inInterval('dst', range), DROP)),
    ...loopbackGuard(context),
  ]
  const forward = accepted(context)
  const rejects = (['unservedVips', 'unservedNodePorts', 'clusterIps'] as const).some(context.has)
  const unreachable = family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'
  const reject = [
    '-p tcp -j REJECT --reject-with tcp-reset',
    `-j REJECT --reject-with ${unreachable}`,
  ]
  return {
    chains: present([
      [CHAINS.refuse, refuse],
      [CHAINS.reject, rejects ? reject : []],
      [CHAINS.forward, forward],
    ]),
    jumps: together(
      jumps(
        refuse.length > 0,
        ['INPUT', 'FORWARD', 'OUTPUT'],
        ruleText(NEW_CONNECTION, NOT_DNAT, jump(CHAINS.refuse)),
      ),
      jumps(forward.length > 0, ['FORWARD'], jump(CHAINS.forward)),
      jumps(context.has('healthChecks'), ['INPUT'], ruleText('-p tcp', jump(CHAINS.healthChecks))),
    ),
  }
}

/**
 * Lets balanced packets through, whatever the policy of FORWARD: those marked for masquerade (as
 * kube-proxy does), those led to a pod of this node, and those that belong to such connections.
 */
function accepted(context: SharedContext): readonly RuleText[] {
  if (!context.has('vips') && !context.has('nodePorts')) return []
  return [
    ruleText(hasMark(context.settings.masqueradeBit), ACCEPT),
    ruleText(KNOWN_CONNECTION, WAS_DNAT, ACCEPT),
    ...(context.has('localPods')
      ? [ruleText(NEW_CONNECTION, WAS_DNAT, jump(CHAINS.localPods))]
      : []),
  ]
}

/**
 * Matches packets to the addresses of this node that serve NodePorts. An address that the Node
 * object names is the node's even in a VRF, which `--dst-type LOCAL` does not know.
 */
function toNode(context: SharedContext, target: string): readonly RuleText[] {
  const { family, settings, ranges } = context
  const to = (range: string): Match => inInterval('dst', range)
  const local = (match: Match): RuleText => ruleText(match, TO_THIS_NODE, target)
  const serving = ranges.nodePorts.map(to)
  const loopback = loopbackRanges(context).map(to)
  const chosen = nodePortAddressesIn(settings.nodePortAddresses, family)
  switch (chosen.kind) {
    case 'primary':
      return [...serving.map((match) => ruleText(match, target)), ...loopback.map(local)]
    case 'ranges': {
      const named = ranges.nodeAddresses.filter((address) =>
        chosen.ranges.some((range) => cidrContains(range, address)),
      )
      return [
        ...named.map((address) => ruleText(to(address), target)),
        ...[...serving, ...loopback].map(local),
      ]
    }
    case 'all':
      return [family === 'ipv4' ? '! -d 127.0.0.0/8' : '! -d ::1/128', ...loopback].map(local)
    default:
      return unreachable(chosen)
  }
}

function loopbackRanges({ family, settings }: SharedContext): readonly Cidr[] {
  return family === 'ipv4' ? loopbackNodePortsOf(settings) : []
}

/**
 * With route_localnet the kernel accepts packets for 127.0.0.0/8 from outside; this drops all but
 * those that nodelb translated (CVE-2020-8558). The kubelet has the same rule unless told
 * otherwise.
 */
function loopbackGuard(context: SharedContext): readonly RuleText[] {
  return loopbackRanges(context).length > 0 ? ['! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP'] : []
}

function present(
  chains: readonly (readonly [ChainName, readonly RuleText[]])[],
): ReadonlyMap<ChainName, readonly RuleText[]> {
  return new Map(chains.filter(([, rules]) => rules.length > 0))
}

function jumps(
  wanted: boolean,
  from: readonly BuiltinChain[],
  rule: RuleText,
): ReadonlyMap<BuiltinChain, readonly RuleText[]> {
  return new Map(wanted ? from.map((chain) => [chain, [rule]]) : [])
}

/** Joins the jumps: in each built-in chain, the first ones come before the next. */
function together(...all: readonly IptablesChains['jumps'][]): IptablesChains['jumps'] {
  const chains = new Set(all.flatMap((each) => [...each.keys()]))
  return new Map([...chains].map((chain) => [chain, all.flatMap((each) => each.get(chain) ?? [])]))
}
