import {
  type Address,
  type Cidr,
  cidrContains,
  hostCidr,
  type Protocol,
  toBigInt,
} from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { frontendAddress, nodePortKey, vipKey } from '../../model/frontend-id.ts'
import { lastFields, type Tuple, tuple, withoutLastFields } from '../../model/tuple.ts'
import { endpointsMap, type Front, SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { Ruleset, Table } from '../../ruleset/nftables/types.ts'
import type { ElementStep } from '../nftables/delta.ts'
import { eachOperation, type Plan } from '../nftables/operation.ts'

/**
 * Whether TCP connections to an endpoint that is gone are forgotten too: the endpoint that their
 * next packet is sent to answers with a reset. UDP and SCTP flows always are.
 */
export type TcpFlows = 'keep' | 'reset'

/** A VIP or node port that a commit led elsewhere. */
export interface TouchedFront {
  readonly family: TableFamily
  readonly front: Front
  /** As in the sets: `203.0.113.10 . udp . 53`, or `udp . 30053` for a node port. */
  readonly key: Tuple
  readonly protocol: Protocol
  readonly port: number
  /** Endpoints that the commit took away. */
  readonly gone: ReadonlySet<Tuple>
}

/** A flow that conntrack knows, as far as it matters here. */
export interface Flow {
  readonly family: TableFamily
  readonly protocol: Protocol
  /** Where the client sent it. */
  readonly destination: Address
  readonly port: number
  /** Who answers, `address . port`: the destination itself where nothing was translated. */
  readonly answerer: Tuple
}

/**
 * The fronts whose flows have to be looked at. None when endpoints were only added: flows stay
 * where they are, unless there was nobody to go to before (they bypassed the front, then).
 */
export function touchedFronts(
  steps: Iterable<ElementStep>,
  after: Ruleset,
  tcp: TcpFlows,
): readonly TouchedFront[] {
  const changes = new Map<string, Change>()
  for (const step of steps) {
    const found = frontOf(step)
    if (found === undefined || (found.protocol === 'tcp' && tcp === 'keep')) continue
    const id = frontId(found)
    const change = changes.get(id) ?? { ...found, gone: new Set(), came: new Set(), passed: false }
    changes.set(id, change)
    if (step.before?.data !== undefined) change.gone.add(step.before.data)
    if (step.after?.data !== undefined) change.came.add(step.after.data)
    if (isPassedOn(step)) change.passed = true
  }
  return [...changes.values()].flatMap(({ came, gone, passed, ...front }) => {
    const chosen = chosenEndpoints(after[front.family], front)
    const left = new Set([...gone].filter((endpoint) => !chosen.has(endpoint)))
    const first = gone.size === 0 && [...chosen].every((endpoint) => came.has(endpoint))
    return left.size > 0 || first || passed ? [{ ...front, gone: left }] : []
  })
}

/** Every front, as after a start: which flows went stale while nobody looked is not known. */
export function allFronts(after: Ruleset, tcp: TcpFlows): readonly TouchedFront[] {
  const fronts = new Map<string, TouchedFront>()
  for (const table of [after.ip, after.ip6]) {
    for (const [set, front] of FRONT_OF) {
      for (const key of table?.elements.get(set)?.keys() ?? []) {
        if (table === undefined || lastFields(key, 1) !== FIRST_SLOT) continue
        const found = frontAt(table.family, front, withoutSlot(key))
        if (found.protocol === 'tcp' && tcp === 'keep') continue
        fronts.set(frontId(found), { ...found, gone: new Set() })
      }
    }
  }
  return [...fronts.values()]
}

/** What a plan does to elements, for a commit that was planned as a whole. */
export function elementSteps(plan: Plan): readonly ElementStep[] {
  return [...eachOperation(plan)].flatMap((operation): ElementStep[] => {
    if (operation.kind !== 'add-element' && operation.kind !== 'delete-element') return []
    const { kind, family, set, key, value } = operation
    const adds = kind === 'add-element'
    return [
      {
        family,
        set: set.name,
        key,
        before: adds ? undefined : value,
        after: adds ? value : undefined,
      },
    ]
  })
}

/** Tells whether a flow has to go. `local`: this machine's addresses, on which node ports answer. */
export type FlowJudge = (flow: Flow, after: Ruleset, local: ReadonlySet<string>) => boolean

/** Whether an endpoint that gets no new flows of a front serves those it has (plan/flows/lingering.ts). */
export type StillServes = (front: TouchedFront, endpoint: Tuple) => boolean

/**
 * As kube-proxy's pkg/proxy/conntrack/cleanup.go, a flow stays with an endpoint that still serves,
 * whatever traffic policy, topology and termination say about new ones. Unlike there, flows also
 * go where nobody serves any more, but then only those to endpoints of ours. `after` is to be the
 * latest state: a newer commit may have brought the endpoint back.
 */
export function flowJudge(
  touched: readonly TouchedFront[],
  stillServes: StillServes = () => false,
): FlowJudge {
  const fronts = byFront(touched)
  const isStale = (front: TouchedFront, answerer: Tuple, table: Table | undefined): boolean => {
    const chosen = chosenEndpoints(table, front)
    if (chosen.has(answerer) || stillServes(front, answerer)) return false
    return chosen.size > 0 || front.gone.has(answerer)
  }
  return ({ family, protocol, destination, port, answerer }, after, local) => {
    const table = after[family]
    const vip = vipKey(destination, protocol, port)
    const own = fronts.get(`${family} ${vip}`)
    if (own !== undefined) return isStale(own, answerer, table)
    const nodePort = fronts.get(`${family} ${nodePortKey(protocol, port)}`)
    if (nodePort === undefined || !local.has(destination)) return false
    // The rules look for a VIP first.
    if (table?.elements.get(setsOf('vip').known)?.has(vip)) return false
    return answersNodePorts(table, destination) && isStale(nodePort, answerer, table)
  }
}

/** A VIP has more fields than a node port, so no two fronts are called alike. */
export function frontId({ family, key }: Pick<TouchedFront, 'family' | 'key'>): string {
  return `${family} ${key}`
}

/** Each front once, with all that it lost. */
export function byFront(touched: readonly TouchedFront[]): ReadonlyMap<string, TouchedFront> {
  const fronts = new Map<string, TouchedFront>()
  for (const front of touched) {
    const id = frontId(front)
    const gone = new Set([...(fronts.get(id)?.gone ?? []), ...front.gone])
    fronts.set(id, { ...front, gone })
  }
  return fronts
}

/** The endpoints that the rules lead to, from wherever the client comes. */
export function chosenEndpoints(
  table: Table | undefined,
  { front, key }: Pick<TouchedFront, 'front' | 'key'>,
): ReadonlySet<Tuple> {
  const chosen = new Set<Tuple>()
  for (const map of MAPS[front]) {
    const elements = table?.elements.get(map)
    for (let slot = 0; ; slot++) {
      const endpoint = elements?.get(tuple(key, slot))?.data
      if (endpoint === undefined) break
      chosen.add(endpoint)
    }
  }
  return chosen
}

interface Change extends TouchedFront {
  readonly gone: Set<Tuple>
  readonly came: Set<Tuple>
  passed: boolean
}

const FIRST_SLOT = tuple(0)

const MAPS: Readonly<Record<Front, readonly string[]>> = {
  vip: [endpointsMap('vip', 'all'), endpointsMap('vip', 'local')],
  'node-port': [endpointsMap('node-port', 'all'), endpointsMap('node-port', 'local')],
}

const FRONTS = ['vip', 'node-port'] as const

/** By map of endpoints. */
const FRONT_OF: ReadonlyMap<string, Front> = new Map(
  FRONTS.flatMap((front) => MAPS[front].map((map) => [map, front])),
)

/** By set whose comments name the Service of a front. */
const NAMED: ReadonlyMap<string, Front> = new Map(
  FRONTS.flatMap((front) => {
    const { known, noEndpoints, noLocalEndpoints } = setsOf(front)
    return [known, noEndpoints, noLocalEndpoints].map((set) => [set, front] as const)
  }),
)

type FrontName = Omit<TouchedFront, 'gone'>

/** Undefined where the step does not say where a front leads, or whose it is. */
function frontOf(step: ElementStep): FrontName | undefined {
  const { family, set, key } = step
  const front = FRONT_OF.get(set)
  if (front !== undefined) return frontAt(family, front, withoutSlot(key))
  const named = NAMED.get(set)
  return named !== undefined && isPassedOn(step) ? frontAt(family, named, key) : undefined
}

/** Another Service may have the same endpoints, but not the same ones that linger. */
function isPassedOn({ set, before, after }: ElementStep): boolean {
  return NAMED.has(set) && !!before && !!after && before.comment !== after.comment
}

function withoutSlot(key: Tuple): Tuple {
  return withoutLastFields(key, 1)
}

function frontAt(family: TableFamily, front: Front, key: Tuple): FrontName {
  const { protocol, port } = frontendAddress(key)
  return { family, front, key, protocol, port }
}

/** Without the set every address of the node answers. */
function answersNodePorts(table: Table | undefined, address: Address): boolean {
  const ranges = table?.elements.get(SETS.nodePortAddresses)
  return ranges === undefined || [...ranges.keys()].some((range) => contains(range, address))
}

/** As interval sets have them: an address, a prefix, or `first-last`. */
function contains(range: string, address: Address): boolean {
  const [first, last] = range.split('-') as [Address, Address?]
  if (last === undefined) {
    return cidrContains(range.includes('/') ? (range as Cidr) : hostCidr(first), address)
  }
  const value = toBigInt(address)
  return value >= toBigInt(first) && value <= toBigInt(last)
}
