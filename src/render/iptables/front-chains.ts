import type { Address } from '../../model/address.ts'
import { frontendAddress } from '../../model/frontend-id.ts'
import { fieldsOf, type Tuple, tuple } from '../../model/tuple.ts'
import { CHAINS, FRONT_CHAINS } from '../../ruleset/iptables/chains.ts'
import {
  ACCEPT,
  comment,
  DROP,
  dnat,
  goto,
  inInterval,
  type Match,
  oneOf,
  RETURN,
  recalled,
  remembered,
  ruleText,
} from '../../ruleset/iptables/rule.ts'
import type { ChainName, IptablesTable, RuleText } from '../../ruleset/iptables/types.ts'
import type { Reach } from '../../ruleset/nftables/sets.ts'
import { nameWithin } from './chain-names.ts'
import type { FrontContext } from './front-context.ts'
import { insertSorted } from './sorted.ts'

/** What a chain of a VIP or node port is for, in the order of the chains' names. */
export const FRONT_ROLES = ['allow', 'every', 'serve'] as const
export type FrontRole = (typeof FRONT_ROLES)[number]

export const TABLE_OF_ROLE: Readonly<Record<FrontRole, IptablesTable>> = {
  allow: 'mangle',
  every: 'nat',
  serve: 'nat',
}

export interface FrontChain {
  readonly rules: readonly RuleText[]
  /** The label of the VIP or node port. */
  readonly label: string | undefined
}

/** What one VIP or node port becomes: a rule in some trees, and its own chains. */
export interface LoweredFront {
  readonly label: string | undefined
  /** The rules of the VIP or node port in the trees; undefined if a tree has none for it. */
  readonly dispatch: RuleText | undefined
  readonly refusal: RuleText | undefined
  readonly source: RuleText | undefined
  readonly chains: { readonly [role in FrontRole]?: FrontChain | undefined }
}

type FrontChainNames = Readonly<Record<FrontRole, ChainName>>

/** Returns the names of all chains that it may have; `lowerFront` returns those that it has. */
export function frontChainNames(key: Tuple): FrontChainNames {
  const { serve, every, allow } = FRONT_CHAINS
  const end = nameWithin(serve.length, fieldsOf(key).join('-'))
  return { serve: serve + end, every: every + end, allow: allow + end }
}

/** Returns the rules and chains of a VIP or node port; `match` matches the packets for it. */
export function lowerFront(
  context: FrontContext,
  key: Tuple,
  match: Match,
  names: FrontChainNames,
): LoweredFront {
  const label = labelOf(context, key)
  const leaf = (target: string): RuleText => ruleText(match, comment(label ?? ''), target)
  const isKnown = context.known.has(key)
  const isLocal = isKnown && context.local.has(key)
  const isRestricted = context.restricted.has(key)
  return {
    label,
    dispatch: isKnown ? leaf(goto(names.serve)) : undefined,
    refusal: context.noEndpoints.has(key)
      ? leaf(goto(CHAINS.reject))
      : context.noLocalEndpoints.has(key)
        ? leaf(DROP)
        : undefined,
    source: isRestricted ? leaf(goto(names.allow)) : undefined,
    chains: {
      serve: isKnown ? { rules: serve(context, key, isLocal, names), label } : undefined,
      every: isLocal ? { rules: spread(context, 'all', key), label } : undefined,
      allow: isRestricted ? { rules: allow(context, key), label } : undefined,
    },
  }
}

function labelOf(context: FrontContext, key: Tuple): string | undefined {
  const { known, noEndpoints, noLocalEndpoints } = context
  return (
    known.get(key)?.comment ?? noEndpoints.get(key)?.comment ?? noLocalEndpoints.get(key)?.comment
  )
}

/** Marks what is to be masqueraded, then leads to an endpoint. */
function serve(
  context: FrontContext,
  key: Tuple,
  isLocal: boolean,
  names: FrontChainNames,
): readonly RuleText[] {
  return NOTHING.concat(
    context.clusterIps.has(addressOf(key)) ? context.clusterIpMarks : NOTHING,
    context.masquerade.has(key) ? context.mark : NOTHING,
    isLocal ? shortCuts(context, names) : NOTHING,
    spread(context, isLocal ? 'local' : 'all', key),
  )
}

const NOTHING: readonly RuleText[] = []

/**
 * Under policy Local, pods and the node itself may use every endpoint. The node's connections are
 * masqueraded, because their source may be the VIP.
 */
function shortCuts(
  { fromPods, fromThisNode, mark }: FrontContext,
  names: FrontChainNames,
): readonly RuleText[] {
  const every = goto(names.every)
  return [
    ...fromPods.map((match) => ruleText(match, every)),
    ...fromThisNode.flatMap((match) => [ruleText(match, mark), ruleText(match, every)]),
  ]
}

function addressOf(vip: Tuple): Tuple {
  return vip.slice(0, vip.indexOf(' ')) as Tuple
}

/** Leads to one of the endpoints, sorted by text: the history of slots must not show. */
function spread(context: FrontContext, reach: Reach, key: Tuple): readonly RuleText[] {
  const endpoints = endpointsOf(context, reach, key)
  if (endpoints.length === 0) return [ruleText(comment(NOBODY), ACCEPT)]
  const protocol = `-p ${frontendAddress(key).protocol}`
  const seconds = context.stickySeconds(key)
  if (seconds === undefined) {
    return endpoints.map((endpoint, at) =>
      ruleText(protocol, oneOf(endpoints.length - at), leadTo(endpoint)),
    )
  }
  const lists = endpoints.map((endpoint) => clientList(context, key, endpoint))
  return [
    ...lists.map(({ name, mask, target }) => {
      return ruleText(protocol, recalled(name, mask, seconds), target)
    }),
    ...lists.map(({ name, mask, target }, at) => {
      return ruleText(protocol, oneOf(lists.length - at), remembered(name, mask), target)
    }),
  ]
}

/** Takes a VIP without local endpoints out of nat, so that it is not looked up as a node port. */
const NOBODY = 'no endpoint here; dropped in the table filter'

/** The list of clients that came to the VIP (or node port) and were led to this endpoint. */
function clientList(
  { family }: FrontContext,
  key: Tuple,
  endpoint: Tuple,
): Readonly<Record<'name' | 'mask' | 'target', string>> {
  const name = `NODELB-${[...fieldsOf(key), ...fieldsOf(endpoint)].join('-').replaceAll(':', '.')}`
  const mask = family === 'ipv4' ? '255.255.255.255' : Array(8).fill('ffff').join(':')
  return { name, mask, target: leadTo(endpoint) }
}

function endpointsOf({ endpoints }: FrontContext, reach: Reach, key: Tuple): readonly Tuple[] {
  const found: Tuple[] = []
  for (;;) {
    const endpoint = endpoints[reach].get(tuple(key, found.length))?.data
    if (endpoint === undefined) return found
    insertSorted(found, endpoint)
  }
}

function leadTo(endpoint: Tuple): string {
  const [address = '', port = ''] = fieldsOf(endpoint)
  return dnat(address as Address, port)
}

function allow(context: FrontContext, vip: Tuple): readonly RuleText[] {
  return [
    ...context.allowed(vip).map((interval) => ruleText(inInterval('src', interval), RETURN)),
    DROP,
  ]
}
