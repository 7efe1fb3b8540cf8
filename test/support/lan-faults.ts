import fc from 'fast-check'
import type { Address } from '../../src/model/address.ts'
import { unreachable } from '../../src/model/unreachable.ts'
import { LanAgent } from './lan-agent.ts'
import { watchAnswers, wrongOwners } from './lan-laws.ts'
import {
  LATEST,
  LanModel,
  type LanOptions,
  LONGEST_ANSWER,
  LONGEST_COMMIT,
  type ModelNode,
  TIMES,
} from './lan-model.ts'

/** What may befall a LAN. */
type Fault =
  | { readonly kind: 'wait' | 'late'; readonly ms: number }
  | { readonly kind: 'die'; readonly node: number; readonly after: number }
  | { readonly kind: 'start'; readonly node: number; readonly stepsBack: boolean }
  | { readonly kind: 'power-off' | 'leave' | 'return' | 'confuse'; readonly node: number }
  | {
      readonly kind: 'stall' | 'slow' | 'commit' | 'stand' | 'answer'
      readonly node: number
      readonly ms: number
    }
  | { readonly kind: 'lose'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: 'lose-all'; readonly ms: number }
  | { readonly kind: 'double'; readonly on: boolean }
  | { readonly kind: 'cut' | 'plug' | 'plug-at-once'; readonly node: number; readonly lan: number }
  | {
      readonly kind: 'stranger'
      readonly lan: number
      readonly address: number
      readonly on: boolean
    }

const node = fc.nat({ max: 3 })
const lan = fc.nat({ max: 1 })
const long = fc.constantFrom(100, 400, 700, 1_500, 4_000)

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 8, arbitrary: of('wait', { ms: fc.constantFrom(1, 30, 60, 110, 400, 900, 3_500) }) },
  { weight: 3, arbitrary: of('die', { node, after: fc.nat({ max: 4 }) }) },
  { weight: 3, arbitrary: of('start', { node, stepsBack: fc.boolean() }) },
  { weight: 1, arbitrary: of('power-off', { node }) },
  { weight: 1, arbitrary: of('leave', { node }) },
  { weight: 1, arbitrary: of('return', { node }) },
  { weight: 1, arbitrary: of('confuse', { node }) },
  { weight: 2, arbitrary: of('stall', { node, ms: long }) },
  { weight: 1, arbitrary: of('slow', { node, ms: fc.nat({ max: 20 }) }) },
  { weight: 2, arbitrary: of('commit', { node, ms: fc.nat({ max: LONGEST_COMMIT }) }) },
  { weight: 1, arbitrary: of('answer', { node, ms: fc.nat({ max: LONGEST_ANSWER }) }) },
  { weight: 2, arbitrary: of('lose', { from: node, to: node, ms: long }) },
  { weight: 1, arbitrary: of('lose-all', { ms: long }) },
  { weight: 1, arbitrary: of('late', { ms: fc.nat({ max: LATEST }) }) },
  { weight: 1, arbitrary: of('double', { on: fc.boolean() }) },
  { weight: 2, arbitrary: of('cut', { node, lan }) },
  { weight: 2, arbitrary: of('plug', { node, lan }) },
  { weight: 1, arbitrary: of('stranger', { lan, address: fc.nat({ max: 2 }), on: fc.boolean() }) },
)

/** What may befall nodes of which some stand still, or answer later than others listen. */
const standingFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 8, arbitrary: of('wait', { ms: fc.constantFrom(1, 30, 60, 110, 400, 900, 3_500) }) },
  { weight: 3, arbitrary: of('die', { node, after: fc.nat({ max: 4 }) }) },
  { weight: 2, arbitrary: of('start', { node, stepsBack: fc.constant(false) }) },
  { weight: 3, arbitrary: of('stand', { node, ms: fc.constantFrom(20, 60, 200, 700, 2_000) }) },
  { weight: 3, arbitrary: of('answer', { node, ms: fc.nat({ max: 1_000 }) }) },
  { weight: 1, arbitrary: of('stall', { node, ms: long }) },
  { weight: 1, arbitrary: of('slow', { node, ms: fc.nat({ max: 200 }) }) },
  { weight: 1, arbitrary: of('cut', { node, lan }) },
  { weight: 1, arbitrary: of('plug-at-once', { node, lan }) },
  { weight: 1, arbitrary: of('commit', { node, ms: fc.nat({ max: LONGEST_COMMIT }) }) },
  { weight: 1, arbitrary: of('lose', { from: node, to: node, ms: long }) },
)

/** What may befall a handover while it is under way: it is begun, taken back, and one of the two is slow or dies. */
const handoverFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 8, arbitrary: of('wait', { ms: fc.constantFrom(1, 2, 10, 30, 60, 200, 700) }) },
  { weight: 4, arbitrary: of('leave', { node }) },
  { weight: 4, arbitrary: of('return', { node }) },
  { weight: 3, arbitrary: of('die', { node, after: fc.nat({ max: 4 }) }) },
  { weight: 2, arbitrary: of('start', { node, stepsBack: fc.constant(false) }) },
  { weight: 4, arbitrary: of('commit', { node, ms: fc.nat({ max: LONGEST_COMMIT }) }) },
  { weight: 2, arbitrary: of('stall', { node, ms: long }) },
  { weight: 1, arbitrary: of('lose', { from: node, to: node, ms: long }) },
  { weight: 1, arbitrary: of('late', { ms: fc.nat({ max: LATEST }) }) },
)

function of<Kind extends string, Rest extends object>(
  kind: Kind,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.Arbitrary<{ readonly kind: Kind } & Rest> {
  return fc.record(rest).map((fields) => ({ kind, ...fields }) as { readonly kind: Kind } & Rest)
}

export const agentOf: LanOptions['agentOf'] = (...of) => new LanAgent(...of)
export const addresses: Address[] = ['192.0.2.1', '192.0.2.2', '2001:db8::1'] as Address[]

function play(model: LanModel, fault: Fault): void {
  const at = (index: number): ModelNode | undefined => model.nodes[index]
  switch (fault.kind) {
    case 'wait':
      model.run(fault.ms)
      return
    case 'late':
      model.delay = fault.ms
      return
    case 'double':
      model.doubles = fault.on
      return
    case 'lose-all':
      for (const from of model.nodes) {
        for (const to of model.nodes) model.loseBeats(from, to, fault.ms)
      }
      return
    case 'lose':
      for (const from of model.nodes.slice(fault.from, fault.from + 1)) {
        for (const to of model.nodes.slice(fault.to, fault.to + 1)) {
          model.loseBeats(from, to, fault.ms)
        }
      }
      return
    case 'stranger': {
      const address = addresses[fault.address] ?? ('' as Address)
      if (fault.lan >= model.options.lans) return
      if (fault.on) model.strangerClaims(fault.lan, address)
      else model.strangers.delete(`${fault.lan} ${address}`)
      return
    }
    default: {
      const found = at(fault.node)
      if (found !== undefined) playOn(model, found, fault)
    }
  }
}

function playOn(
  model: LanModel,
  node: ModelNode,
  fault: Extract<Fault, { readonly node: number }>,
): void {
  switch (fault.kind) {
    case 'die':
      if (node.agent !== undefined) node.agent.diesAfter = fault.after
      return
    case 'start':
      model.start(node, fault.stepsBack ? -node.runs : undefined)
      return
    case 'power-off':
      model.powerOff(node)
      return
    case 'leave':
    case 'return':
      node.isExcluded = fault.kind === 'leave'
      node.agent?.wake()
      return
    case 'confuse':
      node.isConfused = !node.isConfused
      node.agent?.wake()
      return
    case 'stall':
      node.agent?.stall(fault.ms)
      return
    case 'slow':
      if (node.agent !== undefined) node.agent.slowness = fault.ms
      return
    case 'stand':
      model.standStill(node, fault.ms)
      return
    case 'answer':
      model.answerAfter(node, fault.ms)
      return
    case 'commit':
      if (node.agent !== undefined) node.agent.commitMs = fault.ms
      return
    case 'cut':
      if (fault.lan < model.options.lans) model.cutCable(node, fault.lan)
      return
    case 'plug-at-once':
      model.plugAtOnce(node, fault.lan)
      return
    case 'plug':
      model.plugCable(node, fault.lan)
      return
    default:
      unreachable(fault)
  }
}

interface Schedule {
  readonly nodes: number
  readonly lans: number
  readonly faults: readonly Fault[]
}

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.integer({ min: 2, max: 4 }),
  lans: fc.integer({ min: 1, max: 2 }),
  faults: fc.array(fault, { maxLength: 40 }),
})

/** Handovers, one after the other or one into the other, in which something goes wrong. */
export const handovers: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.integer({ min: 2, max: 4 }),
  lans: fc.constant(1),
  faults: fc.array(handoverFault, { minLength: 3, maxLength: 20 }),
})

/** Kernels that answer later than others listen, machines that stand still, agents that die. */
export const standing: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.integer({ min: 2, max: 4 }),
  lans: fc.integer({ min: 1, max: 2 }),
  faults: fc.array(standingFault, { minLength: 3, maxLength: 20 }),
})

/** Plays a schedule, lets all faults end, and returns what broke the first and the second law. */
export function playSchedule({ nodes, lans, faults }: Schedule): readonly string[] {
  const model = new LanModel({ nodes, lans, addresses, agentOf })
  const violations = watchAnswers(model)
  for (const each of model.nodes) model.start(each)
  model.run(2_000)
  for (const each of faults) play(model, each)
  model.heal()
  model.run(longestHealing)
  return [...violations, ...wrongOwners(model)]
}

/** The longest stall ends, kernels without an agent fall silent, and everybody is settled. */
const longestHealing = 4_000 + TIMES.hold + TIMES.settle + 2 * TIMES.timeout + 1_000
