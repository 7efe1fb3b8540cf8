import type { TableFamily } from '../../model/family.ts'
import { present } from '../../model/present.ts'
import { printRule } from '../../ruleset/nftables/print.ts'
import type { Chain, KernelRule, Rule } from '../../ruleset/nftables/types.ts'
import type { Operation } from './operation.ts'

/**
 * Turns the rules of a chain into the wanted ones: rules that are right stay, the missing ones are
 * inserted, then the others are deleted. Insertion comes first because a chain that keeps one
 * lookup of a map spares the kernel a walk over the whole map (nf_tables_bind_set).
 */
export function planRules(
  family: TableFamily,
  found: readonly KernelRule[],
  wanted: Chain,
): { readonly inserts: readonly Operation[]; readonly deletes: readonly Operation[] } {
  const texts = wanted.rules.map((rule) => printRule(family, rule))
  const kept = keep(found, texts)
  const inserts: Operation[] = []
  let next = 0
  for (const [at, rule] of wanted.rules.entries()) {
    const match = kept.get(at)
    if (match !== undefined) {
      next = match + 1
      continue
    }
    inserts.push(insert(family, wanted.name, rule, found[nextKept(kept, at, next)]))
  }
  const right = new Set(kept.values())
  const deletes = found.flatMap((rule, at): Operation[] =>
    right.has(at) ? [] : [deleteRule(family, wanted.name, rule)],
  )
  return { inserts, deletes }
}

/** Returns the operation that deletes a rule, by its handle. */
export function deleteRule(family: TableFamily, chain: string, rule: KernelRule): Operation {
  return { kind: 'delete-rule', family, chain, handle: rule.handle, text: rule.text }
}

function insert(
  family: TableFamily,
  chain: string,
  rule: Rule,
  before: KernelRule | undefined,
): Operation {
  const position =
    before === undefined
      ? { kind: 'append' as const }
      : { kind: 'before' as const, handle: before.handle }
  return { kind: 'add-rule', family, chain, rule, position }
}

/** Returns which wanted rule (by place) is which found rule: the longest common subsequence. */
function keep(found: readonly KernelRule[], texts: readonly string[]): ReadonlyMap<number, number> {
  const width = found.length + 1
  const length = new Uint32Array((texts.length + 1) * width)
  const at = (i: number, j: number): number => present(length[i * width + j])
  for (let i = texts.length - 1; i >= 0; i--) {
    for (let j = found.length - 1; j >= 0; j--) {
      length[i * width + j] =
        texts[i] === found[j]?.text ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const kept = new Map<number, number>()
  let i = 0
  let j = 0
  while (i < texts.length && j < found.length) {
    if (texts[i] === found[j]?.text) kept.set(i++, j++)
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return kept
}

/** Returns the place of the next found rule that stays, before which a new rule goes. */
function nextKept(kept: ReadonlyMap<number, number>, at: number, from: number): number {
  let nearest = Number.POSITIVE_INFINITY
  for (const [wantedAt, foundAt] of kept) {
    if (wantedAt > at && foundAt >= from && foundAt < nearest) nearest = foundAt
  }
  return nearest
}

/** Returns the text of a rule that nodelb never writes: others put it into nodelb's table. */
export function foreignRule(handle: bigint, text: string): string {
  return `handle ${handle}, ${FOREIGN}: ${text}`
}

/** Returns whether `foreignRule` made the text. */
export function isForeign(text: string): boolean {
  return text.startsWith('handle ') && text.includes(`, ${FOREIGN}: `)
}

const FOREIGN = "not one of nodelb's"
