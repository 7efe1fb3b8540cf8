import type { TableFamily } from '../../model/family.ts'
import type { BaseHook, Rule } from '../../ruleset/nftables/types.ts'
import {
  type Attributes,
  type AttributeWriter,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import { writeComment } from './comment.ts'
import { CHAIN, HOOK, RULE } from './constants.ts'
import { ExpressionWriter } from './expressions.ts'
import { type StatementContext, writeStatement } from './statements.ts'

/** The bodies of rules and the hooks of chains, as netlink attributes. */

/** Writes the expressions and the comment of a rule. Throws if they cannot be encoded. */
export function writeRule(
  writer: AttributeWriter,
  family: TableFamily,
  rule: Rule,
  context: StatementContext,
): void {
  const expressions = writer.open(RULE.expressions)
  const to = new ExpressionWriter(writer, family)
  for (const statement of rule.statements) writeStatement(to, statement, context)
  writer.close(expressions)
  if (rule.comment !== undefined) writeComment(writer, RULE.userData, rule.comment)
}

const HOOK_NUMBERS: Readonly<Record<BaseHook['hook'], number>> = {
  prerouting: 0,
  output: 3,
  postrouting: 4,
}
const POLICY_ACCEPT = 1

/** Writes the hook of a base chain; its policy is always accept. */
export function writeHook(writer: AttributeWriter, base: BaseHook): void {
  writer
    .nested(CHAIN.hook, () =>
      writer.u32(HOOK.number, HOOK_NUMBERS[base.hook]).i32(HOOK.priority, base.priority),
    )
    .u32(CHAIN.policy, POLICY_ACCEPT)
    .text(CHAIN.type, base.type)
}

/**
 * Returns the hook of a chain; undefined for a chain without one. A hook or policy that no chain of
 * nodelb has gets a name that differs from all of theirs.
 */
export function readHook(found: Attributes): BaseHook | undefined {
  const hook = found.get(CHAIN.hook)
  if (hook === undefined) return undefined
  const place = readAttributes(hook)
  const policy = readU32(found.get(CHAIN.policy))
  const type = readText(found.get(CHAIN.type))
  return {
    type: (policy === POLICY_ACCEPT ? type : `${type}, policy ${policy}`) as BaseHook['type'],
    hook: hookName(readU32(place.get(HOOK.number))),
    priority: readU32(place.get(HOOK.priority)) | 0,
  }
}

function hookName(value: number): BaseHook['hook'] {
  for (const name of Object.keys(HOOK_NUMBERS) as BaseHook['hook'][]) {
    if (HOOK_NUMBERS[name] === value) return name
  }
  return `hook ${value}` as BaseHook['hook']
}
