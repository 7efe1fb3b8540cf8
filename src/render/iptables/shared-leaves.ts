import type { Address } from '../../model/address.ts'
import type { Tuple } from '../../model/tuple.ts'
import { CHAINS } from '../../ruleset/iptables/chains.ts'
import { ACCEPT, comment, goto, MASQUERADE, onHost, ruleText } from '../../ruleset/iptables/rule.ts'
import type { RuleText } from '../../ruleset/iptables/types.ts'
import { portSpace } from './key-space.ts'

/** Returns the rule that refuses what comes to a ClusterIP at a port that no Service serves. */
export function clusterIpLeaf(address: Tuple, label: string): RuleText {
  return ruleText(host('-d', address), comment(label), goto(CHAINS.reject))
}

/** Returns the rule that masquerades a pod's connections to itself. */
export function hairpinLeaf(pod: Tuple): RuleText {
  return ruleText(host('-s', pod), host('-d', pod), MASQUERADE)
}

/** Returns the rule that lets balanced connections to a pod of this node through. */
export function localPodLeaf(pod: Tuple): RuleText {
  return ruleText(host('-d', pod), ACCEPT)
}

/** Returns the rule that lets balancers ask for the health of a Service. */
export function healthCheckLeaf(port: Tuple, label: string): RuleText {
  return ruleText(portSpace.leaf(port), comment(label), ACCEPT)
}

/** Matches an address, which is the whole of its key. */
function host(flag: '-s' | '-d', key: Tuple): string {
  return onHost(flag, key as string as Address)
}
