import { mayStandBehind, OWN_CHAIN } from '../../ruleset/iptables/chains.ts'
import {
  type BuiltinChain,
  type ChainName,
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesTable,
  type RuleText,
} from '../../ruleset/iptables/types.ts'

/** nodelb's part of the output of `iptables-save`, for every table that has one. */
export interface Listing {
  readonly tables: ReadonlyMap<IptablesTable, IptablesChains>
  /** Built-in chains in which a rule of another program stands before one of nodelb's. */
  readonly displaced: readonly { readonly table: IptablesTable; readonly chain: BuiltinChain }[]
  /** Tables with rules that only nft can write, which cannot be read; nft flavour only. */
  readonly incompatible: readonly IptablesTable[]
}

/** "# Table `nat' is incompatible, use 'nft' tool." */
const INCOMPATIBLE = /^# Table `(.+)' is incompatible/

interface Draft {
  readonly chains: Map<ChainName, RuleText[]>
  readonly jumps: Map<BuiltinChain, RuleText[]>
  readonly builtin: Set<BuiltinChain>
  readonly withOthers: Set<BuiltinChain>
  readonly displaced: Set<BuiltinChain>
}

/**
 * Takes the lines of `iptables-save` one by one and keeps nodelb's part. A rule stays as text, so
 * that one which nodelb would never write differs from what it wants, and is repaired.
 */
export class ListingReader {
  readonly #drafts = new Map<IptablesTable, Draft>()
  readonly #incompatible: IptablesTable[] = []
  #draft: Draft | undefined

  line(text: string): void {
    if (text.startsWith('#')) this.#remark(text)
    else if (text.startsWith('*')) this.#draft = this.#begin(text.slice(1).trimEnd())
    else if (text.startsWith(':')) this.#declare(text)
    else if (text.startsWith('-A ')) this.#append(text)
    else if (text === 'COMMIT') this.#draft = undefined
  }

  /** Returns what the lines so far contain. */
  finish(): Listing {
    const tables = new Map<IptablesTable, IptablesChains>()
    for (const [table, { chains, jumps }] of this.#drafts) {
      if (chains.size > 0 || jumps.size > 0) tables.set(table, { chains, jumps })
    }
    const displaced = [...this.#drafts].flatMap(([table, draft]) =>
      [...draft.displaced].map((chain) => ({ table, chain })),
    )
    return { tables, displaced, incompatible: this.#incompatible }
  }

  #remark(text: string): void {
    const table = tableNamed(INCOMPATIBLE.exec(text)?.[1])
    if (table !== undefined) this.#incompatible.push(table)
  }

  #begin(name: string): Draft | undefined {
    const table = tableNamed(name)
    if (table === undefined) return undefined
    const draft: Draft = {
      chains: new Map(),
      jumps: new Map(),
      builtin: new Set(),
      withOthers: new Set(),
      displaced: new Set(),
    }
    this.#drafts.set(table, draft)
    return draft
  }

  /** Reads `:NODELB-X - [0:0]`; a built-in chain has a policy where others have a dash. */
  #declare(text: string): void {
    const [name = '', policy] = text.slice(1).split(' ', 2)
    if (policy !== '-') this.#draft?.builtin.add(name)
    else if (name.startsWith(OWN_CHAIN)) this.#draft?.chains.set(name, [])
  }

  /** Reads `-A NODELB-X -p tcp … -j DNAT …`. */
  #append(text: string): void {
    const draft = this.#draft
    if (draft === undefined) return
    const end = text.indexOf(' ', 3)
    const chain = end === -1 ? text.slice(3) : text.slice(3, end)
    const rule = end === -1 ? '' : text.slice(end + 1)
    const own = draft.chains.get(chain)
    if (own !== undefined) own.push(rule)
    else if (draft.builtin.has(chain)) appendBuiltin(draft, chain, rule)
  }
}

function tableNamed(name: string | undefined): IptablesTable | undefined {
  return IPTABLES_TABLES.find((known) => known === name)
}

function appendBuiltin(draft: Draft, chain: BuiltinChain, rule: RuleText): void {
  if (!leadsToUs(rule)) {
    draft.withOthers.add(chain)
    return
  }
  const jumps = draft.jumps.get(chain)
  if (jumps === undefined) draft.jumps.set(chain, [rule])
  else jumps.push(rule)
  if (draft.withOthers.has(chain) && !mayStandBehind(rule)) draft.displaced.add(chain)
}

/**
 * Returns whether the rule's target is a chain of nodelb's; the text of comments does not count.
 */
function leadsToUs(rule: RuleText): boolean {
  if (!rule.includes(OWN_CHAIN)) return false
  return /(^| )-[jg] NODELB-\S+( |$)/.test(rule.replace(/"(\\.|[^"\\])*"/g, '""'))
}
