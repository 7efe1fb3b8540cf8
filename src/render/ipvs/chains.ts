import type { Settings } from '../../model/node.ts'
import { SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
import {
  clusterIpMasquerade,
  fromPods,
  fromThisNode,
  impliedSources,
  refuse,
  sourceCheck,
} from '../nftables/chains.ts'
import { beforeNat, hookChain, natDestination, natSource } from '../nftables/hooks.ts'
import { prune } from '../nftables/prune.ts'
import { chain, daddr, frontKey, hasPorts, inSet, rule, saddr } from '../nftables/rule-parts.ts'

/**
 * Returns the chains beside ipvs (docs/packet-path.md). ipvs takes packets in the hook input at
 * priority 99 and in output at -98, so everything about a connection is decided before that.
 */
export function ipvsFrame(
  settings: Settings,
  sets: ReadonlySet<string>,
): ReadonlyMap<string, Chain> {
  return prune([...hooks(settings), ...body(settings)], new Set([...sets, ...impliedSets(sets)]))
}

/** Returns sets that rules may use even if empty: "not in the set" is as good a reason then. */
function impliedSets(sets: ReadonlySet<string>): readonly string[] {
  return [
    ...impliedSources(sets),
    ...(sets.has(SETS.clusterIps) || sets.has(SETS.boundAddresses) ? [known] : []),
    ...(sets.has(SETS.serviceRanges) ? [SETS.clusterIps, known] : []),
  ]
}

const vip = frontKey('vip')
const { known, masquerade, local, noEndpoints, noLocalEndpoints } = setsOf('vip')

/** The priority between NAT at -100 and ipvs. */
const BEFORE_IPVS = -99

function hooks(settings: Settings): readonly Chain[] {
  const unserved = rule({ kind: 'new-connection' }, { kind: 'goto', chain: 'unserved' })
  const priority = BEFORE_IPVS
  return [
    ...beforeNat(),
    ...natDestination(settings, rule(inSet(vip, known), { kind: 'goto', chain: 'service' })),
    hookChain('before-ipvs-prerouting', { type: 'filter', hook: 'prerouting', priority }, unserved),
    hookChain('before-ipvs-output', { type: 'filter', hook: 'output', priority }, unserved),
    natSource(settings, rule(inSet([saddr, daddr], SETS.hairpin), { kind: 'masquerade' })),
  ]
}

function body(settings: Settings): readonly Chain[] {
  return [
    chain('source-check', sourceCheck()),
    chain('service', service(settings)),
    chain('local-service', localPolicy(settings)),
    chain('unserved', unserved()),
    refuse,
  ]
}

/** Marks what to masquerade; the node's own source would be the address of the Service. */
function service(settings: Settings): readonly Rule[] {
  const mark: Statement = { kind: 'set-mark', bit: settings.masqueradeBit }
  return [
    ...clusterIpMasquerade(settings),
    rule(inSet(vip, masquerade), mark),
    ...fromThisNode.map((match) => rule(match, mark)),
    rule(inSet(vip, local), { kind: 'goto', chain: 'local-service' }),
    ...reserve(settings),
  ]
}

/** Leads pods and the node itself past policy Local: to the ClusterIP, or to kube-proxy. */
function localPolicy(settings: Settings): readonly Rule[] {
  const past: readonly Statement[] =
    settings.scope === 'all'
      ? [hasPorts, { kind: 'dnat', key: vip, map: SETS.shortCuts }]
      : [{ kind: 'accept' }]
  return [
    ...[...fromPods(settings, false), ...fromThisNode].map((match) => rule(match, ...past)),
    ...reserve(settings),
  ]
}

/** Translates a connection to its own destination, so that it skips kube-proxy's nat chains. */
function reserve({ scope }: Settings): readonly Rule[] {
  return scope === 'all' ? [] : [rule(hasPorts, { kind: 'dnat', key: vip, map: SETS.reserved })]
}

/**
 * Refuses what no virtual server answers. For the kernel, an address on the dummy interface is the
 * node's own: a program that listens on all addresses of the node would answer there.
 */
function unserved(): readonly Rule[] {
  const elsewhere: Statement = { ...inSet(vip, known), negated: true }
  const reject: Statement = { kind: 'goto', chain: 'refuse' }
  return [
    rule(inSet(vip, noEndpoints), reject),
    rule(inSet(vip, noLocalEndpoints), { kind: 'drop' }),
    rule(inSet([daddr], SETS.clusterIps), elsewhere, reject),
    rule(inSet([daddr], SETS.boundAddresses), hasPorts, elsewhere, reject),
    rule(
      inSet([daddr], SETS.serviceRanges),
      { ...inSet([daddr], SETS.clusterIps), negated: true },
      { kind: 'drop' },
    ),
  ]
}
