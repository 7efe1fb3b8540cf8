import { present } from '../../model/present.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { ChainName, RuleText } from '../../ruleset/iptables/types.ts'
import { routeTo } from '../packet.ts'
import { matched } from './matches.ts'
import { parseRules } from './parse.ts'
import type { Change } from './rule.ts'
import type { Ground, Place, State, Step, Way } from './state.ts'

export type End =
  /** `return`: this chain decides nothing, and the chain that it was called from goes on. */
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | { readonly kind: 'reject'; readonly with: 'tcp-reset' | 'port-unreachable' }

interface EndedWay extends Way {
  readonly end: End
}

/** Returns all ways through nodelb's rules in a built-in chain. */
export function walkBuiltin(ground: Ground, place: Place, from: Way): readonly EndedWay[] {
  const rules = ground.tables.get(place.table)?.jumps.get(place.chain) ?? []
  return walkRules(ground, place, rules, from)
}

function walkRules(
  ground: Ground,
  place: Place,
  rules: readonly RuleText[],
  from: Way,
): readonly EndedWay[] {
  const ended: EndedWay[] = []
  let going: readonly Way[] = [from]
  for (const [at, rule] of parseRules(rules).entries()) {
    if (going.length === 0) break
    const step: Step = { ...place, text: present(rules[at]), rule }
    const next: Way[] = []
    for (const way of going) {
      const { yes, no } = matched(ground, place, step.rule.matches, way)
      next.push(...no)
      for (const after of yes.flatMap((each) => follow(ground, step, each))) {
        if (after.end.kind === 'next') next.push(after)
        else ended.push({ ...after, end: after.end })
      }
    }
    going = next
  }
  return [...ended, ...going.map((way): EndedWay => ({ ...way, end: { kind: 'return' } }))]
}

type AfterRule = Way & { readonly end: End | typeof NEXT }

const NEXT = { kind: 'next' } as const

/** Does what the rule's target does to a packet that the rule matches. */
function follow(ground: Ground, step: Step, way: Way): readonly AfterRule[] {
  const { target } = step.rule
  switch (target.kind) {
    case 'none':
      return [{ ...way, end: NEXT }]
    case 'strange':
      ground.doubts.add(`what this rule in chain ${step.chain} does: ${target.text}`)
      return [{ ...way, end: NEXT }]
    case 'jump':
    case 'goto':
      return lead(ground, step, target, way)
    case 'return':
    case 'accept':
    case 'drop':
      return [stepped(step, way, { kind: target.kind })]
    case 'reject':
      return [stepped(step, way, target)]
    case 'mark':
    case 'dnat':
    case 'masquerade': {
      const end = target.kind === 'mark' ? NEXT : ({ kind: 'accept' } as const)
      return [stepped(step, { ...way, state: changed(ground, target, way.state) }, end)]
    }
    default:
      return unreachable(target)
  }
}

function stepped(step: Step, { odds, state }: Way, end: AfterRule['end']): AfterRule {
  return { odds, state: { ...state, steps: [...state.steps, step] }, end }
}

function changed({ facts }: Ground, change: Change, state: State): State {
  switch (change.kind) {
    case 'mark':
      return { ...state, mark: ((state.mark & ~change.mask) ^ change.value) >>> 0 }
    case 'dnat':
      return { ...state, destination: change.address, port: change.port, translated: true }
    case 'masquerade': {
      const as = routeTo(state.destination, facts)?.address
      return { ...state, source: as ?? state.source, masqueraded: { as } }
    }
  }
}

/** Leads into another chain; if nothing comes of it, it is no step. */
function lead(
  ground: Ground,
  step: Step,
  { kind, chain }: { readonly kind: 'jump' | 'goto'; readonly chain: ChainName },
  way: Way,
): readonly AfterRule[] {
  const rules = ground.tables.get(step.table)?.chains.get(chain)
  if (rules === undefined) {
    ground.doubts.add(`what ${chain} does, to which chain ${step.chain} leads`)
    return [{ ...way, end: NEXT }]
  }
  const inside = stepped(step, way, NEXT)
  return walkRules(ground, { ...step, chain }, rules, inside).map((after): AfterRule => {
    const { odds, state, end } = after
    const back = end.kind === 'return' && kind === 'jump' ? NEXT : end
    const vain = end.kind === 'return' && state.steps.length === inside.state.steps.length
    return { odds, state: vain ? { ...state, steps: way.state.steps } : state, end: back }
  })
}
