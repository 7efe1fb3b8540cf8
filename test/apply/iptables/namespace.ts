import { execa } from 'execa'
import type { Flavour } from '../../../src/apply/iptables/programs.ts'
import type { TableFamily } from '../../../src/model/family.ts'
import type { RestoreStep } from '../../../src/ruleset/iptables/print.ts'
import type { RuleText } from '../../../src/ruleset/iptables/types.ts'

/** Other programs than nodelb, in the network of the test's thread. */

const PREFIX: { readonly [family in TableFamily]: string } = { ip: 'iptables', ip6: 'ip6tables' }

export async function iptables(
  flavour: Flavour,
  args: string,
  family: TableFamily = 'ip',
): Promise<void> {
  await execa(`${PREFIX[family]}-${flavour}`, ['--wait', '10', ...args.split(' ')])
}

/** Replaces the tables that the text names, unless `options` say otherwise. */
export async function restore(
  flavour: Flavour,
  input: string,
  family: TableFamily = 'ip',
  options: readonly string[] = [],
): Promise<void> {
  await execa(`${PREFIX[family]}-${flavour}-restore`, ['--wait', '10', ...options], { input })
}

/** Everything in the tables, but for the comments with the time. */
export async function listing(flavour: Flavour, family: TableFamily = 'ip'): Promise<string> {
  const { stdout } = await execa(`${PREFIX[family]}-${flavour}-save`)
  return stdout.replace(/^#.*\n?/gm, '')
}

type Rules = Readonly<Record<string, readonly RuleText[]>>

/** A step that makes these chains, and puts these jumps first. */
export function adding(
  chains: Rules,
  jumps: Rules = {},
  where: Partial<Pick<RestoreStep, 'family' | 'table'>> = {},
): RestoreStep {
  const insert = Object.entries(jumps).flatMap(([chain, rules]) =>
    rules.map((rule) => ({ chain, rule })),
  )
  return {
    family: 'ip',
    table: 'nat',
    ...where,
    chains: new Map(Object.entries(chains)),
    gone: [],
    jumps: { insert, delete: [] },
  }
}
