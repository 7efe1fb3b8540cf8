import type { Address, IpFamily } from '../../model/address.ts'
import type { Settings } from '../../model/node.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { ChainName, IptablesTable, RuleText } from '../../ruleset/iptables.ts'
import { CHAINS, FRONT_CHAINS } from '../../ruleset/iptables-chains.ts'
import {
  ACCEPT,
  comment,
  DROP,
  dnat,
  FROM_THIS_NODE,
  goto,
  inInterval,
  jump,
  type Match,
  oneOf,
  RETURN,
  recalled,
  remembered,
  ruleText,
  setMark,
} from '../../ruleset/iptables-rule.ts'
import { endpointsMap, type Front, type Reach, SETS, setsOf, tuple } from '../../ruleset/sets.ts'
import type { ElementValue, Tuple } from '../../ruleset/types.ts'
import { chainName } from './chain-names.ts'
import type { StickySeconds } from './sticky.ts'

/** All that the lowering of a front looks up. */
export interface FrontContext {
  readonly family: IpFamily
  readonly settings: Settings
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  /** Who may come to a restricted VIP, as intervals in order. */
  allowed(vip: Tuple): readonly string[]
  readonly stickySeconds: StickySeconds
}

export interface FrontChain {
  readonly table: IptablesTable
  readonly rules: readonly RuleText[]
}

/** What one VIP or node port becomes: a rule in some trees, and chains of its own. */
export interface LoweredFront {
  readonly label: string | undefined
  /** Where its rule leads; undefined where the tree has none for it. */
  readonly dispatch: RuleText | undefined
  readonly refusal: RuleText | undefined
  readonly source: RuleText | undefined
  readonly chains: ReadonlyMap<ChainName, FrontChain>
}

/** Every chain that a front may have; those that it has not, `lowerFront` does not return. */
export function frontChainNames(
  key: Tuple,
): Readonly<Record<'serve' | 'every' | 'allow', ChainName>> {
  const text = key.replaceAll(' . ', '-')
  return {
    serve: chainName(FRONT_CHAINS.serve, text),
    every: chainName(FRONT_CHAINS.every, text),
    allow: chainName(FRONT_CHAINS.allow, text),
  }
}

/** `match` is what a packet for the front matches. */
export function lowerFront(
  context: FrontContext,
  front: Front,
  key: Tuple,
  match: Match,
): LoweredFront {
  const has = (set: string): boolean => context.elements.get(set)?.has(key) === true
  const names = setsOf(front)
  const label = labelOf(context, front, key)
  const chain = frontChainNames(key)
  const leaf = (target: string): RuleText => ruleText(match, comment(label ?? ''), target)
  const chains = new Map<ChainName, FrontChain>()
  if (has(names.known)) {
    chains.set(chain.serve, { table: 'nat', rules: serve(context, front, key) })
    if (has(names.local)) {
      chains.set(chain.every, { table: 'nat', rules: spread(context, front, 'all', key) })
    }
  }
  const isRestricted = front === 'vip' && has(SETS.restricted)
  if (isRestricted) chains.set(chain.allow, { table: 'mangle', rules: allow(context, key) })
  const refusal = has(names.noEndpoints)
    ? leaf(goto(CHAINS.reject))
    : has(names.noLocalEndpoints)
      ? leaf(DROP)
      : undefined
  return {
    label,
    dispatch: has(names.known) ? leaf(goto(chain.serve)) : undefined,
    refusal,
    source: isRestricted ? leaf(goto(chain.allow)) : undefined,
    chains,
  }
}

function labelOf({ elements }: FrontContext, front: Front, key: Tuple): string | undefined {
  const { known, noEndpoints, noLocalEndpoints } = setsOf(front)
  for (const set of [known, noEndpoints, noLocalEndpoints]) {
    const label = elements.get(set)?.get(key)?.comment
    if (label !== undefined) return label
  }
  return undefined
}

/**
 * Marks what is to be masqueraded, then leads to an endpoint. Under policy Local pods and the node
 * itself may use every endpoint; the node's own source may be the VIP, so it is masqueraded.
 */
function serve(context: FrontContext, front: Front, key: Tuple): readonly RuleText[] {
  const { elements, settings } = context
  const { masquerade, local } = setsOf(front)
  const mark = setMark(settings.masqueradeBit)
  const marks = [
    ...(front === 'vip' ? clusterIpMarks(context, key) : []),
    ...(elements.get(masquerade)?.has(key) ? [mark] : []),
  ]
  if (!elements.get(local)?.has(key)) return [...marks, ...spread(context, front, 'all', key)]
  const every = goto(frontChainNames(key).every)
  return [
    ...marks,
    ...fromPods(context).map((match) => ruleText(match, every)),
    ruleText(FROM_THIS_NODE, mark),
    ruleText(FROM_THIS_NODE, every),
    ...spread(context, front, 'local', key),
  ]
}

function clusterIpMarks({ elements, settings }: FrontContext, key: Tuple): readonly RuleText[] {
  const [address = ''] = key.split(' . ')
  if (!elements.get(SETS.clusterIps)?.has(tuple(address))) return []
  if (settings.masqueradeAll) return [setMark(settings.masqueradeBit)]
  return tellsPods(settings, elements) ? [jump(CHAINS.markOutside)] : []
}

/** Whether there is something that tells the packets of pods from others, in this family. */
export function tellsPods(settings: Settings, elements: FrontContext['elements']): boolean {
  const { kind } = settings.localTraffic
  return kind === 'ranges' ? elements.has(SETS.podRanges) : kind !== 'none'
}

/** One match for each way of being a pod's packet. */
export function fromPods({
  elements,
  settings,
}: Pick<FrontContext, 'elements' | 'settings'>): readonly Match[] {
  const { localTraffic } = settings
  switch (localTraffic.kind) {
    case 'none':
      return []
    case 'ranges':
      return [...(elements.get(SETS.podRanges)?.keys() ?? [])].map((range) =>
        inInterval('src', range),
      )
    case 'interface':
      return [`-i ${localTraffic.name}`]
    case 'interface-prefix':
      return [`-i ${localTraffic.prefix}+`]
    default:
      return unreachable(localTraffic)
  }
}

/** In order of their text: which slot or seat somebody has is history, and must not show. */
function spread(
  context: FrontContext,
  front: Front,
  reach: Reach,
  key: Tuple,
): readonly RuleText[] {
  const endpoints = endpointsOf(context, endpointsMap(front, reach), key)
  if (endpoints.length === 0) return [ruleText(comment(NOBODY), ACCEPT)]
  const [protocol = ''] = key.split(' . ').slice(-2)
  const seconds = context.stickySeconds(front, key)
  const affinity = endpoints.map((endpoint) => clientList(context, key, endpoint))
  const recall = endpoints.map((endpoint, at) =>
    ruleText(
      `-p ${protocol}`,
      recalled(...(affinity[at] ?? NO_LIST), seconds ?? 0),
      leadTo(endpoint),
    ),
  )
  const pick = endpoints.map((endpoint, at) =>
    ruleText(
      `-p ${protocol}`,
      oneOf(endpoints.length - at),
      seconds === undefined ? '' : remembered(...(affinity[at] ?? NO_LIST)),
      leadTo(endpoint),
    ),
  )
  return [...(seconds === undefined ? [] : recall), ...pick]
}

/** The way out of a VIP without local endpoints, so that it is not looked up as node port. */
const NOBODY = 'no endpoint here; dropped in the table filter'

const NO_LIST = ['', ''] as const

/** Name and mask of the list of clients that came to a front and were led to this endpoint. */
function clientList(
  { family }: FrontContext,
  key: Tuple,
  endpoint: Tuple,
): readonly [name: string, mask: string] {
  const name = `NODELB-${tuple(key, endpoint).replaceAll(' . ', '-').replaceAll(':', '.')}`
  return [name, family === 'ipv4' ? '255.255.255.255' : Array(8).fill('ffff').join(':')]
}

function endpointsOf({ elements }: FrontContext, map: string, key: Tuple): readonly Tuple[] {
  const found: Tuple[] = []
  const held = elements.get(map)
  for (;;) {
    const value = held?.get(tuple(key, found.length))
    if (value?.data === undefined) return found.sort()
    found.push(value.data)
  }
}

function leadTo(endpoint: Tuple): string {
  const [address = '', port = ''] = endpoint.split(' . ')
  return dnat(address as Address, port)
}

function allow(context: FrontContext, vip: Tuple): readonly RuleText[] {
  return [
    ...context.allowed(vip).map((interval) => ruleText(inInterval('src', interval), RETURN)),
    DROP,
  ]
}
