import { printElement, printHook, printRule, setHeader } from './print.ts'
import { type Ruleset, TABLE_NAME } from './types.ts'

/** The rule set as plain data: the same texts as `printRuleset`, one entry an object. */
export function rulesetAsJson(ruleset: Ruleset): unknown {
  const tables = [ruleset.ip, ruleset.ip6].filter((table) => table !== undefined)
  return {
    tables: tables.map((table) => ({
      family: table.family,
      name: TABLE_NAME,
      sets: [...table.sets.values()].map((schema) => ({
        name: schema.name,
        definition: setHeader(table.family, schema),
        elements: [...(table.elements.get(schema.name) ?? [])].map(([key, value]) =>
          printElement(key, value),
        ),
      })),
      chains: [...table.chains.values()].map(({ name, base, rules }) => ({
        name,
        ...(base && { hook: printHook(base) }),
        rules: rules.map((rule) => printRule(table.family, rule)),
      })),
    })),
  }
}
