import { present } from '../../model/present.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { Rule } from '../../ruleset/nftables/types.ts'
import type { Hook } from '../traveller.ts'
import type { Ground, RuleStep, State } from './state.ts'
import { evaluate, type Moment } from './statements.ts'

/** One of the ways that a packet may go, with its odds from 0 to 1. */
export interface Way {
  readonly odds: number
  readonly state: State
}

export type End =
  /** `return`: this chain decides nothing, and the chain that it was called from goes on. */
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | { readonly kind: 'reject'; readonly with: 'tcp-reset' | 'port-unreachable' }

interface EndedWay extends Way {
  readonly end: End
}

/** Returns all ways through a chain. */
export function walkChain(
  ground: Ground,
  hook: Hook,
  name: string,
  from: Way,
): readonly EndedWay[] {
  const ended: EndedWay[] = []
  let going: readonly Way[] = [from]
  for (const rule of present(ground.table.chains.get(name)).rules) {
    if (going.length === 0) break
    if ('strange' in rule) {
      ground.doubts.add(`what this rule in chain ${name} does: ${rule.strange}`)
      continue
    }
    const next: Way[] = []
    for (const way of going) {
      for (const after of walkRule(ground, { hook, chain: name }, rule, way)) {
        if (after.end.kind === 'next') next.push(after)
        else ended.push({ ...after, end: after.end })
      }
    }
    going = next
  }
  return [...ended, ...going.map((way): EndedWay => ({ ...way, end: { kind: 'return' } }))]
}

interface Place {
  readonly hook: Hook
  readonly chain: string
}

type AfterRule = Way & { readonly end: End | { readonly kind: 'next' } }

function walkRule(ground: Ground, place: Place, rule: Rule, way: Way): readonly AfterRule[] {
  return momentsOf(ground, rule, way).flatMap((moment) => follow(ground, place, rule, moment))
}

function momentsOf(ground: Ground, rule: Rule, { odds, state }: Way): readonly Moment[] {
  let moments: readonly Moment[] = [{ odds, state, elements: [], effects: [], verdict: undefined }]
  for (const statement of rule.statements) {
    moments = moments.flatMap((moment) =>
      moment.verdict === undefined ? evaluate(statement, moment, ground) : [moment],
    )
  }
  return moments
}

function follow(
  ground: Ground,
  { hook, chain }: Place,
  rule: Rule,
  { odds, state, elements, effects, verdict }: Moment,
): readonly AfterRule[] {
  if (verdict?.kind === 'no-match' || (verdict === undefined && effects.length === 0)) {
    return [{ odds, state, end: NEXT }]
  }
  const step: RuleStep = { kind: 'rule', hook, chain, rule, elements, effects, verdict }
  const way: Way = { odds, state: { ...state, steps: [...state.steps, step] } }
  if (verdict === undefined) return [{ ...way, end: NEXT }]
  switch (verdict.kind) {
    case 'accept':
    case 'drop':
    case 'reject':
      return [{ ...way, end: verdict as End }]
    case 'jump':
      return walkChain(ground, hook, verdict.chain, way).map((after) =>
        after.end.kind === 'return' ? { ...after, end: NEXT } : after,
      )
    case 'goto':
      return walkChain(ground, hook, verdict.chain, way)
    default:
      return unreachable(verdict)
  }
}

const NEXT = { kind: 'next' } as const
