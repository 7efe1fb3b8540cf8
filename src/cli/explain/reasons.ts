import type {
  Outcome,
  Reading,
  WhyDropped,
  WhyKept,
  WhyMasqueraded,
  WhyRefused,
  WhyUntouched,
} from '../../trace/outcome.ts'

/** The reasons, in words that follow a colon. */

const DROPPED: Readonly<Record<WhyDropped, string>> = {
  'source-not-listed': 'loadBalancerSourceRanges of the Service do not list the client',
  'no-local-endpoints': 'policy Local, and the endpoints are on other nodes only',
  'unallocated-address': 'an address of the Service ranges that no Service has',
  'not-known': 'a rule of nodelb says so',
}

const REFUSED: Readonly<Record<WhyRefused, string>> = {
  'no-endpoints': 'no endpoint of the Service can serve, here or elsewhere',
  'undefined-port': 'an address of Services on which none offers this port and protocol',
  'no-destination': 'the virtual server has no destination that takes connections',
  'not-known': 'a rule of nodelb says so',
}

const MASQUERADED: Readonly<Record<WhyMasqueraded, string>> = {
  'masquerade-all': 'masqueradeAll is set',
  'not-from-pods': 'traffic to a ClusterIP that does not come from pods',
  'policy-cluster':
    'policy Cluster: the endpoint may be on another node, and answers have to come back here',
  'from-this-node': "the node's own connection, whose address may be that of the Service",
  hairpin: 'a pod that reaches itself, and would answer itself past the node',
  'not-known': 'the packet bears the mark',
}

const KEPT: Readonly<Record<WhyKept, string>> = {
  'from-pods': 'it comes from a pod',
  'pods-not-known': 'nothing tells pods from others, so nothing to a ClusterIP is masqueraded',
  'policy-local': 'policy Local keeps it',
  'endpoint-on-this-node': 'the endpoint is on the network of the node itself',
  'not-asked': 'no rule asks for more',
}

const UNTOUCHED: Readonly<Record<WhyUntouched, string>> = {
  'no-service': 'no Service asks for this; it goes where the routing table says',
  'left-to-kube-proxy': 'policy Local is not for pods and the node itself: kube-proxy leads them',
}

/** Returns why the packet has this outcome; undefined if it is delivered. */
export function whyEnded(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'dropped':
      return DROPPED[outcome.why]
    case 'refused':
      return REFUSED[outcome.why]
    case 'untouched':
      return UNTOUCHED[outcome.why]
    case 'delivered':
      return undefined
  }
}

/**
 * Returns the source address that the endpoint sees and why, such as `192.0.2.2, as it came: …` or
 * `10.244.1.1, masqueraded: …`.
 */
export function sourceLine({ source }: Outcome & { readonly kind: 'delivered' }): string {
  if (source.kind === 'client') {
    return `${source.address}, as it came: ${KEPT[source.why]}`
  }
  const address = source.address ?? "the node's address on the way there"
  return `${address}, masqueraded: ${MASQUERADED[source.why]}`
}

/** Returns what the traffic policy does with the packet; undefined if the rules have none. */
export function policyLine({ policy, reach }: Reading): string | undefined {
  switch (policy) {
    case 'cluster':
      return 'Cluster: endpoints on any node'
    case 'local':
      return reach === 'cluster'
        ? 'Local, but pods and the node itself may use endpoints on any node'
        : 'Local: endpoints on this node only'
    case undefined:
      return undefined
  }
}
