import type { ChainName, RuleText } from './types.ts'

/** The names of nodelb's chains, and of no others, begin with this. */
export const OWN_CHAIN = 'NODELB-'

/** The chains that exist only once, in the order that a packet meets them. */
export const CHAINS = {
  sources: 'NODELB-SOURCES',
  dispatch: 'NODELB-DISPATCH',
  vips: 'NODELB-VIPS',
  nodePorts: 'NODELB-NODE-PORTS',
  markOutside: 'NODELB-MARK-OUTSIDE',
  postrouting: 'NODELB-POSTROUTING',
  masquerade: 'NODELB-MASQUERADE',
  hairpin: 'NODELB-HAIRPIN',
  refuse: 'NODELB-REFUSE',
  unservedVips: 'NODELB-UNSERVED-VIPS',
  unservedNodePorts: 'NODELB-UNSERVED-NODE-PORTS',
  clusterIps: 'NODELB-CLUSTER-IPS',
  reject: 'NODELB-REJECT',
  forward: 'NODELB-FORWARD',
  localPods: 'NODELB-LOCAL-PODS',
  healthChecks: 'NODELB-HEALTH-CHECKS',
} as const

/** The beginnings of the names of chains that each VIP or node port has for itself. */
export const FRONT_CHAINS = {
  /** Sets marks, applies the policy, and leads to the endpoints that the policy leaves. */
  serve: 'NODELB-S-',
  /** Under policy Local, leads pods and the node to every endpoint. */
  every: 'NODELB-E-',
  /** In the table mangle, checks who may connect. */
  allow: 'NODELB-A-',
} as const

/** Returns whether the name is that of such a chain of a VIP or node port. */
export function isFrontChain(of: keyof typeof FRONT_CHAINS, name: ChainName): boolean {
  return name.startsWith(FRONT_CHAINS[of])
}

/**
 * Returns whether a rule in a built-in chain is put first only when it is made, and may stand
 * behind other programs' rules later. Such a rule leads to a chain that accepts, so a program that
 * filters traffic to pods has to be able to come before it.
 */
export function mayStandBehind(jump: RuleText): boolean {
  return jump.endsWith(`-j ${CHAINS.forward}`) || jump.endsWith(`-j ${CHAINS.healthChecks}`)
}
