import { type Address, addressFromBytes } from '../../model/address.ts'
import { offeredSet, offerNumber, priorityOf, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import { printRule } from '../../ruleset/netdev/print.ts'
import {
  ANNOUNCE_TABLE,
  type Count,
  type KernelChain,
  type KernelTable,
  type Rule,
  type SetKind,
  SWITCH_KEY,
  SWITCH_SET,
} from '../../ruleset/netdev/types.ts'
import {
  type Attributes,
  eachAttribute,
  messageAttributes,
  readAttributes,
  readText,
  readU32,
  readU64,
} from '../netlink/attributes.ts'
import type { Reply, Request } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import {
  CHAIN,
  DATA,
  ELEMENT,
  ELEMENTS,
  FAMILY,
  HOOK,
  RULE,
  SET,
  TABLE,
} from '../nftables/constants.ts'
import { listChains, listElements, listRules, listSets, listTables } from '../nftables/decode.ts'
import { digestOf } from '../nftables/identify.ts'
import { unlessGone } from '../nftables/read.ts'
import { ACCEPT, FLAGS_OF, INGRESS, KEYS_OF, netdevDigest } from './encode.ts'

/** The table, and what only the kernel knows about it. */
export interface Found {
  /** Undefined if there is no such table. */
  readonly table: KernelTable | undefined
  /** Milliseconds until the switch runs out; undefined if it has. */
  readonly switch: number | undefined
  /** By the number of an offer that another node has taken, its addresses: they are not answered for. */
  readonly taken: ReadonlyMap<number, ReadonlySet<Address>>
  /** How often each address was answered for, by the name of its set. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<Address, Count>>
  readonly generation: number
}

const ATTEMPTS = 10

/**
 * Reads the table, again if something was committed meanwhile. Rules that are among `known` get
 * their printed text, others a note. Rejects with NetlinkError.
 */
export async function readAnnounceTable(
  socket: NetlinkSocket,
  known: Iterable<Rule>,
): Promise<Found> {
  const texts = new Map([...known].map((rule) => [netdevDigest(rule), printRule(rule)]))
  for (let attempt = 1; ; attempt++) {
    const generation = await socket.generation()
    const found = await unlessGone(readOnce(socket, texts))
    if (found === undefined && attempt < ATTEMPTS) continue
    const same = (await socket.generation()) === generation
    // After so many attempts, the commit's own check of the generation decides.
    if (same || attempt >= ATTEMPTS) return { ...(found ?? MISSING), generation }
  }
}

const MISSING: Omit<Found, 'generation'> = {
  table: undefined,
  switch: undefined,
  taken: new Map(),
  counts: new Map(),
}

async function readOnce(
  socket: NetlinkSocket,
  texts: ReadonlyMap<string, string>,
): Promise<Omit<Found, 'generation'>> {
  const tables = await list(socket, listTables())
  const listed = tables.find((found) => readText(found.get(TABLE.name)) === ANNOUNCE_TABLE)
  if (listed === undefined) return MISSING
  const owner = readU32(listed.get(TABLE.owner))
  const sets = new Map<string, SetKind | 'foreign'>()
  const elements = new Map<string, ReadonlySet<Address>>()
  const counts = new Map<string, ReadonlyMap<Address, Count>>()
  let left: number | undefined
  let offers: readonly Address[] = []
  for (const found of await list(socket, listSets('netdev', ANNOUNCE_TABLE))) {
    const [name, kind] = [readText(found.get(SET.name)), kindOf(found)]
    sets.set(name, kind)
    if (kind === 'foreign') continue
    const held = await readElements(socket, name)
    if (kind === 'switch') {
      left = held.get(SWITCH_KEY)?.left
      continue
    }
    if (kind === 'taken') {
      offers = [...held.keys()]
      continue
    }
    elements.set(name, new Set(held.keys()))
    counts.set(name, new Map([...held].map(([address, { count }]) => [address, count])))
  }
  const chains = await readChains(socket, texts)
  const flags = readU32(listed.get(TABLE.flags))
  const table = { flags, ...(owner && { owner }), sets, elements, chains }
  return { table, switch: left, taken: takenOf(offers, elements), counts }
}

function takenOf(
  offers: readonly Address[],
  elements: ReadonlyMap<string, ReadonlySet<Address>>,
): Found['taken'] {
  return new Map(
    offers.map(offerNumber).map((offer) => {
      const sets = [offeredSet('ipv4', offer), offeredSet('ipv6', offer)]
      return [offer, new Set(sets.flatMap((set) => [...(elements.get(set) ?? [])]))]
    }),
  )
}

/** Lists what is in netdev tables; the kernel cannot select chains by table. */
async function list(socket: NetlinkSocket, request: Request): Promise<readonly Attributes[]> {
  const { replies } = await socket.dump(request)
  return replies
    .filter(({ payload }: Reply) => payload[0] === FAMILY.netdev)
    .map(({ payload }) => messageAttributes(payload))
}

const KINDS: ReadonlyMap<string, 'switch' | 'taken'> = new Map([
  [SWITCH_SET, 'switch'],
  [TAKEN_SET, 'taken'],
])

function kindOf(found: Attributes): SetKind | 'foreign' {
  const type = readU32(found.get(SET.keyType))
  const flags = readU32(found.get(SET.flags))
  const counts = readText(readAttributes(found.get(SET.expression) ?? NONE).get(1)) === 'counter'
  const kind = KINDS.get(readText(found.get(SET.name)))
  if (kind !== undefined) {
    const isOurs = type === KEYS_OF[kind].type && flags === FLAGS_OF[kind]
    return isOurs && !found.has(SET.timeout) ? kind : 'foreign'
  }
  if (flags !== 0 || !counts) return 'foreign'
  if (type === KEYS_OF.ipv4.type) return 'ipv4'
  return type === KEYS_OF.ipv6.type ? 'ipv6' : 'foreign'
}

const NONE = Buffer.alloc(0)

interface Held {
  readonly count: Count
  readonly left: number | undefined
}

async function readElements(
  socket: NetlinkSocket,
  set: string,
): Promise<ReadonlyMap<Address, Held>> {
  const held = new Map<Address, Held>()
  await socket.walk(listElements('netdev', ANNOUNCE_TABLE, set), ({ payload }) => {
    const elements = messageAttributes(payload).get(ELEMENTS.list) ?? NONE
    eachAttribute(elements, 0, elements.length, (_type, start, end) => {
      const element = readAttributes(elements.subarray(start, end))
      const key = readAttributes(element.get(ELEMENT.key) ?? NONE).get(DATA.value)
      if (key !== undefined) held.set(addressFromBytes(key), readHeld(element))
    })
  })
  return held
}

/** NFTA_COUNTER_BYTES and NFTA_COUNTER_PACKETS. */
const COUNTER = { bytes: 1, packets: 2 } as const

function readHeld(element: Attributes): Held {
  const expression = readAttributes(element.get(ELEMENT.expression) ?? NONE)
  const counter = readAttributes(expression.get(2) ?? NONE)
  const left = element.get(ELEMENT.expiration)
  return {
    count: {
      packets: readU64(counter.get(COUNTER.packets)),
      bytes: readU64(counter.get(COUNTER.bytes)),
    },
    left: left === undefined ? undefined : Number(readU64(left)),
  }
}

async function readChains(
  socket: NetlinkSocket,
  texts: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, KernelChain>> {
  const rules = new Map<string, string[]>()
  for (const found of await list(socket, listRules('netdev', ANNOUNCE_TABLE))) {
    const chain = readText(found.get(RULE.chain))
    const digest = digestOf(found)
    const known = texts.get(digest) ?? `not one of nodelb's: ${digest}`
    rules.set(chain, [...(rules.get(chain) ?? []), known])
  }
  const chains = new Map<string, KernelChain>()
  for (const found of await list(socket, listChains('netdev'))) {
    if (readText(found.get(CHAIN.table)) !== ANNOUNCE_TABLE) continue
    const name = readText(found.get(CHAIN.name))
    chains.set(name, { device: deviceOf(found), rules: rules.get(name) ?? [] })
  }
  return chains
}

function deviceOf(found: Attributes): string | undefined {
  const hook = readAttributes(found.get(CHAIN.hook) ?? NONE)
  const priority = priorityOf(readText(found.get(CHAIN.name)))
  const isOurs =
    readU32(hook.get(HOOK.number)) === INGRESS &&
    (readU32(hook.get(HOOK.priority)) | 0) === priority &&
    readU32(found.get(CHAIN.policy)) === ACCEPT
  return isOurs && hook.has(HOOK.device) ? readText(hook.get(HOOK.device)) : undefined
}
