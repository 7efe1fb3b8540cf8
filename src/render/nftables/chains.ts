import type { Settings } from '../../model/node.ts'
import { unreachable } from '../../model/unreachable.ts'
import { type Front, meteredSet, SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
import { affinityChains, learnedSets, rememberRules } from './affinity.ts'
import { beforeNat, hookChain, natDestination, natSource } from './hooks.ts'
import { prune } from './prune.ts'
import { chain, daddr, frontKey, inSet, rule, saddr } from './rule-parts.ts'
import { byClient, rangeChains, spread, spreadChain } from './spread.ts'

/**
 * Returns the chains of a node. A rule is there only if every set that it looks up and every chain
 * that it goes to exist: what is not used is neither in the kernel nor in the listing. `names` are
 * those of the sets, and of the chains that elements of verdict maps lead to.
 */
export function frame(settings: Settings, names: ReadonlySet<string>): ReadonlyMap<string, Chain> {
  const all = new Set([...names, ...learnedSets(names), ...impliedSources(names)])
  return prune([...hooks(settings), ...body(settings, [...all])], all)
}

function hooks(settings: Settings): readonly Chain[] {
  const after = [
    rule({ kind: 'new-connection' }, { kind: 'was-dnat' }, { kind: 'goto', chain: 'translated' }),
    rule({ kind: 'new-connection' }, { kind: 'goto', chain: 'untranslated' }),
  ]
  const hairpin = rule({ kind: 'was-dnat' }, inSet([saddr, daddr], SETS.hairpin), {
    kind: 'masquerade',
  })
  return [
    ...beforeNat(),
    ...natDestination(settings, rule({ kind: 'jump', chain: 'dispatch' })),
    hookChain(
      'after-nat-prerouting',
      { type: 'filter', hook: 'prerouting', priority: -90 },
      ...after,
    ),
    hookChain('after-nat-output', { type: 'filter', hook: 'output', priority: -90 }, ...after),
    natSource(settings, hairpin),
  ]
}

function body(settings: Settings, sets: readonly string[]): readonly Chain[] {
  return [
    chain('source-check', sourceCheck()),
    chain('dispatch', [
      rule(inSet(frontKey('vip'), setsOf('vip').known), { kind: 'goto', chain: 'service' }),
      ...nodePortRules(settings, setsOf('node-port').known, { kind: 'goto', chain: 'node-port' }),
    ]),
    chain('service', [meter('vip'), ...clusterIpMasquerade(settings), ...front('vip', settings)]),
    chain('node-port', [meter('node-port'), ...front('node-port', settings)]),
    chain('local-service', localPolicy('vip', settings)),
    chain('local-node-port', localPolicy('node-port', settings)),
    chain('spread', spread('vip', 'cluster', sets)),
    chain('spread-local', spread('vip', 'local', sets)),
    chain('spread-node-port', spread('node-port', 'cluster', sets)),
    chain('spread-node-port-local', spread('node-port', 'local', sets)),
    ...rangeChains(sets),
    ...affinityChains(sets),
    ...byClient(sets),
    chain('translated', rememberRules(sets)),
    chain('untranslated', untranslated(settings)),
    refuse,
  ]
}

export const refuse: Chain = chain('refuse', [
  rule({ kind: 'is-tcp' }, { kind: 'reject', with: 'tcp-reset' }),
  rule({ kind: 'reject', with: 'port-unreachable' }),
])

/** Returns the set that rules may use although it is empty: then no client is allowed. */
export function impliedSources(sets: ReadonlySet<string>): readonly string[] {
  return sets.has(SETS.restricted) ? [SETS.allowedSources] : []
}

/** Drops packets to a restricted VIP from sources that are not allowed. */
export function sourceCheck(): readonly Rule[] {
  const vip = frontKey('vip')
  return [
    rule(
      inSet(vip, SETS.restricted),
      { ...inSet([...vip, saddr], SETS.allowedSources), negated: true },
      { kind: 'drop' },
    ),
  ]
}

/**
 * Counts a connection at its frontend. Only its first packet comes to chains that translate
 * addresses.
 */
function meter(front: Front): Rule {
  return rule(inSet(frontKey(front), meteredSet(front)))
}

/** External traffic is masqueraded under policy Cluster; under Local it stays on this node. */
function front(front: Front, settings: Settings): readonly Rule[] {
  const names = setsOf(front)
  const key = frontKey(front)
  return [
    rule(inSet(key, names.masquerade), { kind: 'set-mark', bit: settings.masqueradeBit }),
    rule(inSet(key, names.local), { kind: 'goto', chain: localChain(front) }),
    rule({ kind: 'goto', chain: spreadChain(front, 'cluster') }),
  ]
}

/**
 * Pods and the node itself may use every endpoint, as if they came back through a balancer outside.
 * The node's connections are masqueraded, because their source may be the VIP.
 */
function localPolicy(front: Front, settings: Settings): readonly Rule[] {
  const everywhere: Statement = { kind: 'goto', chain: spreadChain(front, 'cluster') }
  return [
    ...fromPods(settings, false).map((match) => rule(match, everywhere)),
    ...fromThisNode.map((match) =>
      rule(match, { kind: 'set-mark', bit: settings.masqueradeBit }, everywhere),
    ),
    rule({ kind: 'goto', chain: spreadChain(front, 'local') }),
  ]
}

/** Matches what the node sends; `fib` looks up no table that has its addresses in a VRF. */
export const fromThisNode: readonly Statement[] = [
  { kind: 'from-this-node' },
  inSet([saddr], SETS.nodeAddresses),
]

/** Marks packets to ClusterIPs for masquerade: all, or those that do not come from pods. */
export function clusterIpMasquerade(settings: Settings): readonly Rule[] {
  const mark: Statement = { kind: 'set-mark', bit: settings.masqueradeBit }
  const toClusterIp = inSet([daddr], SETS.clusterIps)
  if (settings.masqueradeAll) return [rule(toClusterIp, mark)]
  return fromPods(settings, true).map((match) => rule(toClusterIp, match, mark))
}

/** Matches packets from pods (or from others, if negated); returns nothing if that is unknown. */
export function fromPods(settings: Settings, negated: boolean): readonly Statement[] {
  const { localTraffic } = settings
  switch (localTraffic.kind) {
    case 'none':
      return []
    case 'ranges':
      return [{ ...inSet([saddr], SETS.podRanges), negated }]
    case 'interface':
      return [{ kind: 'interface', name: localTraffic.name, prefix: false, negated }]
    case 'interface-prefix':
      return [{ kind: 'interface', name: localTraffic.prefix, prefix: true, negated }]
    default:
      return unreachable(localTraffic)
  }
}

/**
 * A packet whose destination is still a VIP after translation has no endpoint to go to, or one that is at
 * the VIP itself: to the kernel it is not translated then (`nf_nat_setup_info`), but its client is to be
 * remembered.
 */
function untranslated(settings: Settings): readonly Rule[] {
  const vip = setsOf('vip')
  const nodePort = setsOf('node-port')
  const reject: Statement = { kind: 'goto', chain: 'refuse' }
  const led: Statement = { kind: 'goto', chain: 'translated' }
  return [
    rule(inSet(frontKey('vip'), vip.noEndpoints), reject),
    rule(inSet(frontKey('vip'), vip.noLocalEndpoints), { kind: 'drop' }),
    ...nodePortRules(settings, nodePort.noEndpoints, reject),
    ...nodePortRules(settings, nodePort.noLocalEndpoints, { kind: 'drop' }),
    rule(inSet([daddr], SETS.clusterIps), reject),
    rule(inSet([daddr], SETS.serviceRanges), { kind: 'drop' }),
    rule(inSet(frontKey('vip'), vip.ownEndpoint), led),
    ...nodePortRules(settings, nodePort.ownEndpoint, led),
  ]
}

/**
 * An address that the Node object names is the node's even in a VRF. For any other address in the
 * ranges, only the routes show whether it is this node's or another host's.
 */
function nodePortRules(
  { nodePortAddresses: { kind } }: Settings,
  set: string,
  verdict: Statement,
): readonly Rule[] {
  const port = inSet(frontKey('node-port'), set)
  const chosen = inSet([daddr], SETS.nodePortAddresses)
  const local: Statement = { kind: 'to-this-node' }
  switch (kind) {
    case 'primary':
      return [rule(chosen, port, verdict)]
    case 'ranges':
      return [
        rule(inSet([daddr], SETS.nodeAddresses), chosen, port, verdict),
        rule(local, chosen, port, verdict),
      ]
    case 'all':
      return [rule(local, { kind: 'not-loopback' }, port, verdict)]
    default:
      return unreachable(kind)
  }
}

function localChain(front: Front): string {
  return front === 'vip' ? 'local-service' : 'local-node-port'
}
