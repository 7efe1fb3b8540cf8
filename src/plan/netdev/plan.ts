import type { Address } from '../../model/address.ts'
import { offerOfSet, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import { printRule } from '../../ruleset/netdev/print.ts'
import type {
  AddressKind,
  Chain,
  KernelChain,
  KernelTable,
  Table,
} from '../../ruleset/netdev/types.ts'
import { TABLE_FLAG } from '../../ruleset/nftables/types.ts'
import { OWNED, type Ownership } from '../nftables/ownership.ts'
import type { Operation, Plan } from './operation.ts'

/**
 * Plans what brings the kernel's table to the wanted one, for one transaction. A table with foreign
 * sets, or with other flags than its ownership asks for (ADR 0011), is made anew.
 */
export function planAnnounce(
  found: KernelTable | undefined,
  wanted: Table,
  ownership: Ownership,
): Plan {
  const add: Operation = {
    kind: 'add-table',
    ...(ownership === 'kernel' && { flags: OWNED }),
  }
  if (found === undefined) return [add, ...changes(NOTHING, wanted)]
  if (!isKept(found, wanted, ownership)) {
    return [{ kind: 'delete-table' }, add, ...changes(NOTHING, wanted)]
  }
  const adopts = ownership === 'kernel' && found.owner === undefined
  return [...(adopts ? [add] : []), ...changes(found, wanted)]
}

/** Returns whether a plan makes the table anew, so that the switch in it is off. */
export function isAnew(plan: Plan): boolean {
  return plan.some((operation) => operation.kind === 'add-set' && operation.holds === 'switch')
}

/**
 * Returns what of a plan is committed before the rest: the kernel takes no chain in the transaction that gives a table
 * its owner (nf_tables_addchain: EINVAL). Undefined if all is committed at once.
 */
export function committedFirst(plan: Plan): Plan | undefined {
  const adds = (kind: Operation['kind']): boolean => plan.some((each) => each.kind === kind)
  if (isAnew(plan) || !adds('add-table') || !adds('add-chain')) return undefined
  return plan.filter(({ kind }) => kind === 'add-table')
}

/** Returns what the kernel holds after a table was committed. */
export function committedTable(table: Table, ownership: Ownership, owner: number): KernelTable {
  const chains = [...table.chains].map(([name, chain]): [string, KernelChain] => [
    name,
    { device: chain.device, rules: chain.rules.map(printRule) },
  ])
  const owned = { flags: OWNED, owner }
  return { ...table, chains: new Map(chains), ...(ownership === 'kernel' ? owned : { flags: 0 }) }
}

const NOTHING: Pick<KernelTable, 'sets' | 'elements' | 'chains'> = {
  sets: new Map(),
  elements: new Map(),
  chains: new Map(),
}

function isKept({ flags, sets }: KernelTable, wanted: Table, ownership: Ownership): boolean {
  const expected = ownership === 'kernel' ? TABLE_FLAG.persist : 0
  if ((flags & ~TABLE_FLAG.owner) !== expected) return false
  return [...sets].every(([name, kind]) => {
    const asked = wanted.sets.get(name)
    return kind !== 'foreign' && (asked === undefined || asked === kind)
  })
}

function changes(found: typeof NOTHING, wanted: Table): Plan {
  const emptied = [...found.chains].flatMap(([name, chain]) =>
    removals(name, chain, wanted.chains.get(name)),
  )
  const filled = [...wanted.chains].flatMap(([name, chain]) =>
    additions(name, found.chains.get(name), chain),
  )
  const removedSets = [...found.sets.keys()]
    .filter((set) => !wanted.sets.has(set))
    .map((set): Operation => ({ kind: 'delete-set', set }))
  const addedSets = [...wanted.sets]
    .filter(([set]) => !found.sets.has(set))
    .map(([set, holds]): Operation => ({ kind: 'add-set', set, holds }))
  // The rules go before the sets that they use, and come after them.
  return [
    ...takenBack(found, wanted),
    ...emptied,
    ...removedSets,
    ...addedSets,
    ...elementChanges(found, wanted),
    ...filled,
  ]
}

/** What is offered no more and still answered for must not have been taken meanwhile: two would answer. */
function takenBack(found: typeof NOTHING, { sets, elements }: Table): Plan {
  // Mostly nothing was offered; or others have deleted what tells of it, and with it the rules that hear claims.
  if (!found.sets.has(TAKEN_SET)) return []
  const answered = new Set(
    [...elements].flatMap(([name, all]) => (offerOfSet(name) === undefined ? [...all] : [])),
  )
  const offers = [...found.elements].flatMap(([name, all]) => {
    const offer = offerOfSet(name)
    if (offer === undefined || sets.has(name)) return []
    return [...all].some((address) => answered.has(address)) ? offer : []
  })
  return [...new Set(offers)].map((offer) => ({ kind: 'unless-taken', offer }))
}

function removals(chain: string, found: KernelChain, wanted: Chain | undefined): Plan {
  const empty: Operation = { kind: 'empty-chain', chain }
  if (wanted === undefined || wanted.device !== found.device)
    return [empty, { kind: 'delete-chain', chain }]
  return sameRules(found, wanted) ? [] : [empty]
}

function additions(chain: string, found: KernelChain | undefined, wanted: Chain): Plan {
  const rules = wanted.rules.map((rule): Operation => ({ kind: 'add-rule', chain, rule }))
  const { device } = wanted
  if (found?.device !== device) return [{ kind: 'add-chain', chain, device }, ...rules]
  return sameRules(found, wanted) ? [] : rules
}

function sameRules(found: KernelChain, { rules }: Chain): boolean {
  const texts = rules.map(printRule)
  return texts.length === found.rules.length && texts.every((text, at) => text === found.rules[at])
}

function elementChanges(found: typeof NOTHING, wanted: Table): Plan {
  return [...wanted.sets].flatMap(([set, holds]) =>
    holds === 'switch' || holds === 'taken'
      ? []
      : setChanges(set, holds, found.elements.get(set), wanted.elements.get(set)),
  )
}

function setChanges(
  set: string,
  holds: AddressKind,
  found: ReadonlySet<Address> = new Set(),
  wanted: ReadonlySet<Address> = new Set(),
): Plan {
  const gone = [...found].filter((key) => !wanted.has(key))
  const added = [...wanted].filter((key) => !found.has(key))
  return [
    ...(gone.length > 0 ? [{ kind: 'delete-elements', set, holds, keys: gone } as const] : []),
    ...(added.length > 0 ? [{ kind: 'add-elements', set, holds, keys: added } as const] : []),
  ]
}
