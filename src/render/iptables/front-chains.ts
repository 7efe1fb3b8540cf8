import type { Address, IpFamily } from '../../model/address.ts'
import { type FrontendId, frontendAddress } from '../../model/frontend-id.ts'
import { fieldsOf, type Tuple } from '../../model/tuple.ts'
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
import { nameWithin } from './chain-names.ts'
import { type Front, isDispatched } from './front.ts'
import type { FrontContext } from './front-context.ts'

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
export function frontChainNames(id: FrontendId): FrontChainNames {
  const { serve, every, allow } = FRONT_CHAINS
  const end = nameWithin(serve.length, fieldsOf(id).join('-'))
  return { serve: serve + end, every: every + end, allow: allow + end }
}

/** Where the chains of a frontend are, and when packets come to them. */
interface FrontPlace {
  readonly id: FrontendId
  /** Matches the packets for the frontend. */
  readonly match: Match
  readonly names: FrontChainNames
  /** True if its address is a ClusterIP, of whatever Service. */
  readonly isClusterIp: boolean
}

/** Returns the rules and chains of a VIP or node port. */
export function lowerFront(context: FrontContext, front: Front, place: FrontPlace): LoweredFront {
  const { label, local, unserved, sources } = front
  const { id, names } = place
  const leaf = (target: string): RuleText => ruleText(place.match, comment(label), target)
  const chain = (rules: readonly RuleText[]): FrontChain => ({ rules, label })
  const leads = isDispatched(front)
  return {
    label,
    dispatch: leads ? leaf(goto(names.serve)) : undefined,
    refusal: unserved && leaf(unserved === 'reject' ? goto(CHAINS.reject) : DROP),
    source: sources && leaf(goto(names.allow)),
    chains: {
      serve: leads ? chain(serve(context, front, place)) : undefined,
      every: leads && local ? chain(spread(context, front, { id, to: front.inside })) : undefined,
      allow: sources && chain(allow(sources)),
    },
  }
}

/** Marks what is to be masqueraded, then leads to an endpoint. */
function serve(context: FrontContext, front: Front, place: FrontPlace): readonly RuleText[] {
  const { inside, local, masquerade } = front
  return NOTHING.concat(
    place.isClusterIp ? context.clusterIpMarks : NOTHING,
    masquerade ? context.mark : NOTHING,
    local ? shortCuts(context, place.names) : NOTHING,
    spread(context, front, { id: place.id, to: local ?? inside }),
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

/** Some endpoints of a frontend, in order. */
interface Spread {
  readonly id: FrontendId
  readonly to: readonly Tuple[]
}

/** Leads to one of the endpoints. */
function spread(
  { family }: FrontContext,
  { remembered: seconds }: Front,
  { id, to }: Spread,
): readonly RuleText[] {
  if (to.length === 0) return [ruleText(comment(NO_ENDPOINT), ACCEPT)]
  const protocol = `-p ${frontendAddress(id).protocol}`
  if (seconds === undefined) {
    return to.map((endpoint, at) => ruleText(protocol, oneOf(to.length - at), leadTo(endpoint)))
  }
  const lists = to.map((endpoint) => clientList(family, id, endpoint))
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
const NO_ENDPOINT = 'no endpoint here; dropped in the table filter'

/** The list of clients that came to the VIP (or node port) and were led to this endpoint. */
function clientList(
  family: IpFamily,
  id: FrontendId,
  endpoint: Tuple,
): Readonly<Record<'name' | 'mask' | 'target', string>> {
  const name = `NODELB-${[...fieldsOf(id), ...fieldsOf(endpoint)].join('-').replaceAll(':', '.')}`
  const mask = family === 'ipv4' ? '255.255.255.255' : Array(8).fill('ffff').join(':')
  return { name, mask, target: leadTo(endpoint) }
}

function leadTo(endpoint: Tuple): string {
  const [address = '', port = ''] = fieldsOf(endpoint)
  return dnat(address as Address, port)
}

function allow(sources: readonly string[]): readonly RuleText[] {
  return [...sources.map((interval) => ruleText(inInterval('src', interval), RETURN)), DROP]
}
