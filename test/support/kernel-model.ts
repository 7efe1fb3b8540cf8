import { type Address, type Cidr, cidrRange, toBigInt } from '../../src/model/address.ts'
import type { TableFamily } from '../../src/model/family.ts'
import { lastFields, type Tuple, withoutLastFields } from '../../src/model/tuple.ts'
import { eachOperation, type Operation, type Plan } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { printRule } from '../../src/ruleset/nftables/print.ts'
import type {
  BaseHook,
  ElementValue,
  KernelRule,
  KernelRuleset,
  Ruleset,
  SetSchema,
} from '../../src/ruleset/nftables/types.ts'
import { chainCalledBy } from '../../src/ruleset/nftables/verdicts.ts'

interface ModelTable {
  readonly family: TableFamily
  readonly sets: Map<string, SetSchema>
  readonly elements: Map<string, Map<Tuple, ElementValue>>
  readonly chains: Map<string, { name: string; base?: BaseHook; rules: KernelRule[] }>
}

/** A kernel that is as strict as the real one about what exists and what is still in use. */
export interface KernelModel {
  ruleset(): KernelRuleset
  apply(plan: Plan): void
}

export function kernelModel(): KernelModel {
  const tables: { ip?: ModelTable; ip6?: ModelTable } = {}
  let handles = 0n

  const need = <Value>(value: Value | undefined, what: string): Value => {
    if (value === undefined) throw new Error(`ENOENT: ${what}`)
    return value
  }
  const forbid = (found: boolean, what: string): void => {
    if (found) throw new Error(`EEXIST or EBUSY: ${what}`)
  }
  const inUse = (table: ModelTable, pattern: RegExp): boolean =>
    [...table.chains.values()].some(({ rules }) => rules.some(({ text }) => pattern.test(text)))

  const isCalled = (table: ModelTable, chain: string): boolean =>
    [...table.elements.values()].some((elements) =>
      [...elements.values()].some((value) => chainCalledBy(value) === chain),
    )

  const applyOne = (operation: Operation): void => {
    const { family } = operation
    if (operation.kind === 'add-table') {
      forbid(tables[family] !== undefined, family)
      tables[family] = { family, sets: new Map(), elements: new Map(), chains: new Map() }
      return
    }
    const table = need(tables[family], `table ${family}`)
    switch (operation.kind) {
      case 'delete-table':
        delete tables[family]
        return
      case 'add-set':
        forbid(table.sets.has(operation.set.name), operation.set.name)
        table.sets.set(operation.set.name, operation.set)
        table.elements.set(operation.set.name, new Map())
        return
      case 'delete-set':
        need(table.sets.get(operation.set), operation.set)
        forbid(inUse(table, new RegExp(`@${operation.set}( |$)`)), `set ${operation.set}`)
        table.sets.delete(operation.set)
        table.elements.delete(operation.set)
        return
      case 'add-chain':
        forbid(table.chains.has(operation.chain), operation.chain)
        table.chains.set(operation.chain, {
          name: operation.chain,
          ...(operation.base && { base: operation.base }),
          rules: [],
        })
        return
      case 'delete-chain': {
        const chain = need(table.chains.get(operation.chain), operation.chain)
        forbid(chain.rules.length > 0, `rules in ${operation.chain}`)
        forbid(inUse(table, new RegExp(`(jump|goto) ${operation.chain}$`)), operation.chain)
        forbid(isCalled(table, operation.chain), `elements that go to ${operation.chain}`)
        table.chains.delete(operation.chain)
        return
      }
      case 'add-rule': {
        const { rules } = need(table.chains.get(operation.chain), operation.chain)
        const text = printRule(family, operation.rule)
        for (const [, set] of text.matchAll(/@(\S+)/g)) need(table.sets.get(set ?? ''), `@${set}`)
        for (const [, to] of text.matchAll(/(?:jump|goto) (\S+)/g)) {
          need(table.chains.get(to ?? ''), `chain ${to}`)
        }
        handles += 1n
        const rule = { handle: handles, text }
        if (operation.position.kind === 'append') rules.push(rule)
        else {
          const { handle } = operation.position
          const at = rules.findIndex((other) => other.handle === handle)
          need(rules[at], `rule ${handle}`)
          rules.splice(at, 0, rule)
        }
        return
      }
      case 'delete-rule': {
        const { rules } = need(table.chains.get(operation.chain), operation.chain)
        const at = rules.findIndex(({ handle }) => handle === operation.handle)
        need(rules[at], `rule ${operation.handle}`)
        rules.splice(at, 1)
        return
      }
      case 'add-element': {
        const elements = need(table.elements.get(operation.set.name), operation.set.name)
        forbid(elements.has(operation.key), `${operation.set.name} ${operation.key}`)
        if (operation.set.interval === true) {
          const other = [...elements.keys()].find((key) => overlap(key, operation.key))
          forbid(other !== undefined, `${operation.set.name} ${operation.key} and ${other}`)
        }
        const chain = chainCalledBy(operation.value)
        if (chain !== undefined) need(table.chains.get(chain), `chain ${chain}`)
        elements.set(operation.key, operation.value)
        return
      }
      case 'delete-element': {
        const elements = need(table.elements.get(operation.set.name), operation.set.name)
        need(elements.get(operation.key), `${operation.set.name} ${operation.key}`)
        elements.delete(operation.key)
      }
    }
  }
  return {
    ruleset: () => structuredClone(tables),
    apply(plan) {
      for (const operation of eachOperation(plan)) applyOne(operation)
    },
  }
}

/** Whether two elements of an interval set have an address in common. */
function overlap(one: Tuple, other: Tuple): boolean {
  if (withoutLastFields(one, 1) !== withoutLastFields(other, 1)) return false
  const [a, b] = [bounds(lastFields(one, 1)), bounds(lastFields(other, 1))]
  return a.first <= b.last && b.first <= a.last
}

/** The first and last address of a prefix, a range or a single address, as integers. */
function bounds(field: string): { readonly first: bigint; readonly last: bigint } {
  if (field.includes('/')) return cidrRange(field as Cidr)
  const [first = field, last = first] = field.split('-')
  return { first: toBigInt(first as Address), last: toBigInt(last as Address) }
}

/** What the kernel holds that took a rule set when it had none. */
export function holding(ruleset: Ruleset): KernelRuleset {
  const kernel = kernelModel()
  kernel.apply(plan({}, ruleset))
  return kernel.ruleset()
}

/** What two rule sets are compared by: no handles, no order among sets, chains and elements. */
export function comparable(ruleset: KernelRuleset | Ruleset): unknown {
  return (['ip', 'ip6'] as const).map((family) => {
    const table = ruleset[family]
    if (table === undefined) return undefined
    const sets = [...table.sets.keys()]
      .sort()
      .map((name) => [
        name,
        [...(table.elements.get(name) ?? [])]
          .map(([key, { data, comment }]) => `${key} : ${data} ${comment}`)
          .sort(),
      ])
    const chains = [...table.chains.values()]
      .map(({ name, base, rules }) => [
        name,
        base,
        rules.map((rule) => ('handle' in rule ? rule.text : printRule(family, rule))),
      ])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
    return { sets, chains }
  })
}
