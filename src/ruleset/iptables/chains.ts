import type { ChainName, RuleText } from './types.ts'

/** Chains of this beginning are nodelb's, and only they. */
export const OWN_CHAIN = 'NODELB-'

/** The chains that are there once, in the order that a packet meets them. */
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

/** Begins the names of chains that each VIP or node port has for itself. */
export const FRONT_CHAINS = {
  /** Marks, policy, and the endpoints that the policy leaves. */
  serve: 'NODELB-S-',
  /** Under policy Local: every endpoint, for pods and the node. */
  every: 'NODELB-E-',
  /** In mangle: who may come. */
  allow: 'NODELB-A-',
} as const

export function isFrontChain(of: keyof typeof FRONT_CHAINS, name: ChainName): boolean {
  return name.startsWith(FRONT_CHAINS[of])
}

/**
 * Whether a rule in a built-in chain is made first where it is missing, and may stand behind rules of
 * others from then on. What it leads to accepts; who filters what goes to pods has to come before.
 */
export function mayStandBehind(jump: RuleText): boolean {
  return jump.endsWith(`-j ${CHAINS.forward}`) || jump.endsWith(`-j ${CHAINS.healthChecks}`)
}
