import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import { foreignRule } from '../../plan/nftables/rules.ts'
import { printRule } from '../../ruleset/nftables/print.ts'
import { ENDPOINTS_MAPS } from '../../ruleset/nftables/sets.ts'
import { slotCounts } from '../../ruleset/nftables/slot-counts.ts'
import {
  type BaseHook,
  type Chain,
  type ElementValue,
  type KernelChain,
  type KernelRule,
  type KernelRuleset,
  type KernelTable,
  type SetSchema,
  TABLE_FLAG,
  TABLE_NAME,
} from '../../ruleset/nftables/types.ts'
import type { Reply, Request } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import {
  decodeChain,
  decodeRule,
  decodeSet,
  decodeTable,
  type FoundSet,
  listChains,
  listElements,
  listOtherObjects,
  listRules,
  listSets,
  listTables,
  tableOf,
} from './decode.ts'
import { ElementReader } from './element-reader.ts'
import { ruleDigest } from './identify.ts'
import { readByKey } from './read-by-key.ts'

/** What the kernel holds of nodelb's. The text of a rule is its digest until `nameRules`. */
export interface KernelState {
  readonly generation: number
  readonly ruleset: KernelRuleset
}

const ATTEMPTS = 10

/**
 * Returns whether it is certain that no commit after `from`, up to `to`, changed nodelb's tables.
 */
type Untouched = (from: number, to: number) => Promise<boolean>

/**
 * Reads both tables; starts again when they may have changed meanwhile. Rejects with NetlinkError.
 */
export async function readKernel(
  socket: NetlinkSocket,
  untouched: Untouched = async (from, to) => from === to,
): Promise<KernelState> {
  for (let attempt = 1; ; attempt++) {
    const generation = await socket.generation()
    const ruleset = await unlessGone(readTables(socket))
    if (ruleset === undefined) continue
    if (attempt >= ATTEMPTS || (await untouched(generation, await socket.generation()))) {
      // After so many attempts, the commit's own check of the generation decides.
      return { generation, ruleset }
    }
  }
}

/**
 * Returns undefined where a table or set vanished between its listing and the listing of its
 * content (ENOENT); other errors still reject.
 */
export async function unlessGone<Found>(reading: Promise<Found>): Promise<Found | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function readTables(socket: NetlinkSocket): Promise<KernelRuleset> {
  const tables = (await dump(socket, listTables())).map(decodeTable)
  const read = async (family: TableFamily): Promise<KernelTable | undefined> => {
    const listed = tables.find((table) => table.family === family && table.name === TABLE_NAME)
    if (listed === undefined) return undefined
    const { flags, owner } = listed
    const otherObjects = await hasOtherObjects(socket, family)
    const found = await readTable(socket, family)
    const table = { ...found, flags, otherObjects, ...(owner && { owner }) }
    return flags & TABLE_FLAG.dormant ? { ...table, chains: asleep(table.chains) } : table
  }
  const ip = await read('ip')
  const ip6 = await read('ip6')
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

async function hasOtherObjects(socket: NetlinkSocket, family: TableFamily): Promise<boolean> {
  for (const request of listOtherObjects(family)) {
    if ((await dump(socket, request)).some((reply) => tableOf(reply) === TABLE_NAME)) return true
  }
  return false
}

/**
 * Marks the hooks of a dormant table, which are not in place. No wanted chain has such a type, so
 * the chains are built anew.
 */
function asleep(chains: ReadonlyMap<string, KernelChain>): ReadonlyMap<string, KernelChain> {
  const type = (base: BaseHook): BaseHook['type'] => `${base.type}, dormant` as BaseHook['type']
  return new Map(
    [...chains].map(([name, chain]) => [
      name,
      chain.base ? { ...chain, base: { ...chain.base, type: type(chain.base) } } : chain,
    ]),
  )
}

async function readTable(socket: NetlinkSocket, family: TableFamily): Promise<KernelTable> {
  const all = (await dump(socket, listSets(family, TABLE_NAME))).map(decodeSet)
  const own = all.filter(({ anonymous, table }) => !anonymous && table === TABLE_NAME)
  const sets = new Map(own.map(({ schema }) => [schema.name, schema]))
  const elements = await readContents(socket, family, own)
  return { family, sets, elements, chains: await readChains(socket, family) }
}

type Contents = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/**
 * Reads the elements of all sets but those that the kernel fills, large endpoints maps last: all other sets
 * together tell their keys, however large these are themselves.
 */
async function readContents(
  socket: NetlinkSocket,
  family: TableFamily,
  sets: readonly FoundSet[],
): Promise<Contents> {
  const kept = sets.filter(({ schema }) => schema.learned === undefined)
  const isLarge = ({ schema, count = 0 }: FoundSet): boolean =>
    count >= MANY && ENDPOINTS_MAPS.includes(schema.name)
  const elements = new Map<string, ReadonlyMap<Tuple, ElementValue>>()
  for (const { schema } of kept.filter((set) => !isLarge(set))) {
    elements.set(schema.name, await readElements(socket, family, schema))
  }
  for (const { schema: set, count = 0 } of kept.filter(isLarge)) {
    const slots = slotCounts(set.name, elements)
    const read = slots && (await readByKey({ family, set, count, slots }))
    elements.set(set.name, read ?? (await readElements(socket, family, set)))
  }
  return elements
}

/**
 * Elements from which on an endpoints map is read by its keys. A dump of more would hold up the event loop for 50 ms;
 * below that it takes less processor time.
 */
const MANY = 24_576

/**
 * Reads datagram by datagram, because the socket's buffers are 32 KB each, however little they
 * hold.
 */
async function readElements(
  socket: NetlinkSocket,
  family: TableFamily,
  set: SetSchema,
): Promise<ReadonlyMap<Tuple, ElementValue>> {
  const reader = new ElementReader(set)
  await socket.walk(listElements(family, TABLE_NAME, set.name), ({ payload }) => {
    reader.read(payload)
  })
  return reader.elements()
}

/** Reads the chains of nodelb's table with their rules. Rejects with NetlinkError. */
export async function readChains(
  socket: NetlinkSocket,
  family: TableFamily,
): Promise<ReadonlyMap<string, KernelChain>> {
  const rules = new Map<string, KernelRule[]>()
  for (const rule of (await dump(socket, listRules(family, TABLE_NAME))).map(decodeRule)) {
    const chain = rules.get(rule.chain) ?? []
    chain.push({ handle: rule.handle, text: rule.digest })
    rules.set(rule.chain, chain)
  }
  const chains = new Map<string, KernelChain>()
  for (const { table, name, base } of (await dump(socket, listChains(family))).map(decodeChain)) {
    if (table !== TABLE_NAME) continue
    chains.set(name, { name, ...(base && { base }), rules: rules.get(name) ?? [] })
  }
  return chains
}

async function dump(socket: NetlinkSocket, request: Request): Promise<readonly Reply[]> {
  return (await socket.dump(request)).replies
}

/**
 * Gives each rule of the kernel the text of the known rule with the same bytecode; others get a
 * text that says so.
 */
export function nameRules(
  kernel: KernelRuleset,
  known: (family: TableFamily) => Iterable<Chain>,
): KernelRuleset {
  const named = (table: KernelTable | undefined): KernelTable | undefined =>
    table && { ...table, chains: nameChains(table.family, table.chains, known(table.family)) }
  const ip = named(kernel.ip)
  const ip6 = named(kernel.ip6)
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

/** Does the same as `nameRules`, for the chains of one table. */
export function nameChains(
  family: TableFamily,
  chains: ReadonlyMap<string, KernelChain>,
  known: Iterable<Chain>,
): ReadonlyMap<string, KernelChain> {
  const texts = new Map<string, string>()
  for (const { rules } of known) {
    for (const rule of rules) texts.set(ruleDigest(family, rule), printRule(family, rule))
  }
  const name = ({ handle, text }: KernelRule): KernelRule => ({
    handle,
    text: texts.get(text) ?? foreignRule(handle, text),
  })
  return new Map([...chains].map(([at, chain]) => [at, { ...chain, rules: chain.rules.map(name) }]))
}
