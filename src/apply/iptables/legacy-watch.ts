import type { TableFamily } from '../../model/family.ts'
import type { RestoreStep } from '../../ruleset/iptables/print.ts'
import type { ChainName, IptablesRuleset, IptablesTable } from '../../ruleset/iptables/types.ts'
import type { ForeignChange, IptablesWatch } from './foreign-change.ts'
import { legacyTables, type TableInfo } from './legacy-tables.ts'
import { FAMILIES } from './read.ts'

/**
 * Milliseconds between looks; one look takes a tenth of a millisecond, however large the tables
 * are.
 */
const INTERVAL = 2_000
/** A chain has a head and a foot, which count as entries. */
const ENDS = 2

type TableKey = `${TableFamily} ${IptablesTable}`
type Look = ReadonlyMap<TableKey, TableInfo>

/**
 * Watches the sizes of the legacy tables: the kernel announces no changes of them, but answers at
 * once how large they are.
 */
export function watchLegacy(onForeign: (change: ForeignChange) => void): IptablesWatch {
  let last = look()
  let busy = false
  const tell = (tables: readonly TableKey[]): void => {
    if (tables.length > 0) onForeign({ by: `another size of ${tables.join(', ')}` })
  }
  const compare = (): void => {
    if (busy) return
    const before = last
    last = look()
    tell(different(before, last))
  }
  const timer = setInterval(compare, INTERVAL).unref()
  return {
    async around(held, commit) {
      compare()
      busy = true
      try {
        const before = last
        const result = await commit()
        last = look()
        tell(surprises(before, last, expectedGrowth(held, result.done)))
        return result
      } finally {
        busy = false
      }
    },
    close: () => clearInterval(timer),
  }
}

function look(): Look {
  const found = new Map<TableKey, TableInfo>()
  for (const family of FAMILIES) {
    for (const [table, info] of legacyTables(family)) found.set(`${family} ${table}`, info)
  }
  return found
}

function different(before: Look, after: Look): readonly TableKey[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => {
    const [was, is] = [before.get(key), after.get(key)]
    return was?.entries !== is?.entries || was?.bytes !== is?.bytes || was?.places !== is?.places
  })
}

/** Returns the tables whose number of entries is not what nodelb's commit made of it. */
function surprises(before: Look, after: Look, growth: ReadonlyMap<TableKey, number>): TableKey[] {
  return different(before, after).filter((key) => {
    const was = before.get(key)
    // A table that nodelb's commit created comes with entries for its built-in chains.
    return was !== undefined && after.get(key)?.entries !== was.entries + (growth.get(key) ?? 0)
  })
}

/**
 * Returns the expected growth in entries of each table. A commit that was stopped may have done
 * anything, so nothing is expected of its tables.
 */
function expectedGrowth(
  held: IptablesRuleset,
  done: readonly RestoreStep[],
): ReadonlyMap<TableKey, number> {
  const growth = new Map<TableKey, number>()
  const sizes = new Map<string, number>()
  for (const { family, table, chains, gone, jumps } of done) {
    const key: TableKey = `${family} ${table}`
    let sum = (growth.get(key) ?? 0) + jumps.insert.length - jumps.delete.length
    const become = (chain: ChainName, entries: number): void => {
      const name = `${key} ${chain}`
      const rules = held[family]?.get(table)?.chains.get(chain)
      sum += entries - (sizes.get(name) ?? (rules === undefined ? 0 : rules.length + ENDS))
      sizes.set(name, entries)
    }
    for (const [chain, rules] of chains) become(chain, rules.length + ENDS)
    for (const chain of gone) become(chain, 0)
    growth.set(key, sum)
  }
  return growth
}
