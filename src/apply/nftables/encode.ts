import type { TableFamily } from '../../model/family.ts'
import { allAtOnce, type Steps } from '../../model/steps.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { Filling, Operation, Plan } from '../../plan/nftables/operation.ts'
import { type ElementValue, TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { Request } from '../netlink/message.ts'
import { CHAIN, ELEMENTS, FAMILY, FLAGS, MESSAGE, RULE, SET, TABLE } from './constants.ts'
import { type ElementForm, elementForm, writeElement, writeProtocol } from './elements.ts'
import { writeHook, writeRule } from './rules.ts'
import { ANONYMOUS_NAME, PORT_PROTOCOLS, writeProtocolSet, writeSet } from './schema.ts'

/** Encodes a plan as the messages of one batch. */

export interface EncodedPlan {
  readonly requests: readonly Request[]
  /** For each request, the operations that it carries. */
  readonly operations: readonly Carried[]
}

/** A request carries operations that follow each other in the plan. */
export interface Carried {
  /** The index of the first operation. */
  readonly from: number
  readonly count: number
}

export interface EncodeOptions {
  /**
   * Sends each element in its own message, so that after a rejection each error names one element.
   */
  readonly oneElementPerMessage?: boolean
}

type ElementOperation = Extract<Operation, { readonly key: unknown }>
type RuleOperation = Extract<Operation, { readonly rule: unknown }>
type SingleOperation = Exclude<Operation, ElementOperation>

/** The length of a nested attribute is a u16; one more element fits above this limit. */
const MAX_ELEMENT_BYTES = 60_000

/** Encodes the whole plan in one call. Throws if an element does not fit its set. */
export function encodePlan(plan: Plan, options: EncodeOptions = {}): EncodedPlan {
  return allAtOnce(encodeInSteps(plan, options))
}

/** Operations per step. */
const STEP = 32

/** Does the same in steps, because with many Services it takes seconds. */
export function* encodeInSteps(plan: Plan, options: EncodeOptions = {}): Steps<EncodedPlan> {
  const batch = new Batch(options)
  for (const step of plan) {
    if (step.kind === 'fill-set') yield* batch.fill(step)
    else if (batch.add(step) % STEP === 0) yield
  }
  return batch.finish()
}

class Batch {
  readonly #requests: Request[] = []
  readonly #operations: Carried[] = []
  readonly #writer = new AttributeWriter()
  readonly #maxElementBytes: number
  #run: ElementRun | undefined
  #lastSetId = 0
  #count = 0

  constructor(options: EncodeOptions) {
    this.#maxElementBytes = options.oneElementPerMessage ? 0 : MAX_ELEMENT_BYTES
  }

  /** Adds an operation; returns how many there are. */
  add(operation: Operation): number {
    if (isElement(operation)) {
      this.#addElement(this.#placeOf(operation), operation.key, operation.value)
    } else {
      this.#endRun()
      this.#addSingle(operation, { from: this.#count, count: 1 })
    }
    this.#count += 1
    return this.#count
  }

  /** Adds all elements of a set, without an operation for each. */
  *fill({ family, set, elements }: Filling): Steps<void> {
    const where = { kind: 'add-element', family, set } as const
    for (const [key, value] of elements) {
      this.#addElement(where, key, value)
      this.#count += 1
      if (this.#count % STEP === 0) yield
    }
  }

  finish(): EncodedPlan {
    this.#endRun()
    return { requests: this.#requests, operations: this.#operations }
  }

  #addElement(where: ElementPlace, key: Tuple, value: ElementValue): void {
    if (this.#run?.where !== where) {
      this.#endRun()
      this.#run = this.#beginRun(where)
    }
    const { form } = this.#run
    writeElement(this.#writer, form, key, where.kind === 'add-element' ? value : undefined)
    this.#run.count += 1
    if (this.#writer.length >= this.#maxElementBytes) this.#endRun()
  }

  /** Returns the place of the present run if the operation belongs to it. */
  #placeOf({ kind, family, set }: ElementOperation): ElementPlace {
    const where = this.#run?.where
    const belongs = kind === where?.kind && family === where.family && set.name === where.set.name
    return belongs ? where : { kind, family, set }
  }

  #beginRun(where: ElementPlace): ElementRun {
    this.#begin(where.family)
    this.#writer.text(ELEMENTS.table, TABLE_NAME).text(ELEMENTS.set, where.set.name)
    const list = this.#writer.open(ELEMENTS.list)
    return { where, form: elementForm(where.set), from: this.#count, count: 0, list }
  }

  #endRun(): void {
    if (this.#run === undefined) return
    const { where, from, count, list } = this.#run
    this.#run = undefined
    this.#writer.close(list)
    const carried = { from, count }
    if (where.kind === 'add-element') this.#end(MESSAGE.newElements, FLAGS.create, carried)
    else this.#end(MESSAGE.deleteElements, FLAGS.request, carried)
  }

  #addSingle(operation: SingleOperation, carried: Carried): void {
    switch (operation.kind) {
      case 'add-table':
        this.#begin(operation.family).text(TABLE.name, TABLE_NAME)
        if (operation.flags !== undefined) this.#writer.u32(TABLE.flags, operation.flags)
        this.#end(MESSAGE.newTable, FLAGS.create, carried)
        break
      case 'delete-table':
        this.#begin(operation.family).text(TABLE.name, TABLE_NAME)
        this.#end(MESSAGE.deleteTable, FLAGS.request, carried)
        break
      case 'add-set':
        this.#begin(operation.family).text(SET.table, TABLE_NAME)
        writeSet(this.#writer, operation.family, operation.set, this.#nextSetId())
        this.#end(MESSAGE.newSet, FLAGS.create, carried)
        break
      case 'delete-set':
        this.#begin(operation.family).text(SET.table, TABLE_NAME).text(SET.name, operation.set)
        this.#end(MESSAGE.deleteSet, FLAGS.request, carried)
        break
      case 'add-chain':
        this.#beginChain(operation)
        if (operation.base !== undefined) writeHook(this.#writer, operation.base)
        this.#end(MESSAGE.newChain, FLAGS.create, carried)
        break
      case 'delete-chain':
        this.#beginChain(operation)
        this.#end(MESSAGE.deleteChain, FLAGS.request, carried)
        break
      case 'add-rule':
        this.#addRule(operation, carried)
        break
      case 'delete-rule':
        this.#begin(operation.family).text(RULE.table, TABLE_NAME).text(RULE.chain, operation.chain)
        this.#writer.u64(RULE.handle, operation.handle)
        this.#end(MESSAGE.deleteRule, FLAGS.request, carried)
        break
    }
  }

  #beginChain({ family, chain }: Pick<RuleOperation, 'family' | 'chain'>): void {
    this.#begin(family).text(CHAIN.table, TABLE_NAME).text(CHAIN.name, chain)
  }

  #addRule({ family, chain, rule, position }: RuleOperation, carried: Carried): void {
    // The sets that the rule uses have to come before it.
    const protocolSets = rule.statements
      .filter((statement) => statement.kind === 'has-ports')
      .map(() => this.#addProtocolSet(family, carried))
    const protocolSet = (): number => protocolSets.shift() ?? 0
    this.#begin(family).text(RULE.table, TABLE_NAME).text(RULE.chain, chain)
    writeRule(this.#writer, family, rule, { protocolSet })
    if (position.kind === 'before') this.#writer.u64(RULE.position, position.handle)
    const flags = position.kind === 'before' ? FLAGS.create : FLAGS.append
    this.#end(MESSAGE.newRule, flags, carried)
  }

  #addProtocolSet(family: TableFamily, carried: Carried): number {
    const id = this.#nextSetId()
    this.#begin(family).text(SET.table, TABLE_NAME)
    writeProtocolSet(this.#writer, id)
    this.#end(MESSAGE.newSet, FLAGS.create, carried)
    const writer = this.#begin(family)
    writer.text(ELEMENTS.table, TABLE_NAME).text(ELEMENTS.set, ANONYMOUS_NAME)
    writer.u32(ELEMENTS.setId, id).nested(ELEMENTS.list, () => {
      for (const protocol of PORT_PROTOCOLS) writeProtocol(writer, protocol)
    })
    this.#end(MESSAGE.newElements, FLAGS.create, carried)
    return id
  }

  #nextSetId(): number {
    this.#lastSetId += 1
    return this.#lastSetId
  }

  #begin(family: TableFamily): AttributeWriter {
    return this.#writer.family(FAMILY[family])
  }

  #end(type: number, flags: number, carried: Carried): void {
    this.#requests.push({ type, flags, payload: this.#writer.finish() })
    this.#operations.push(carried)
  }
}

/** Elements of one set that go into one message. */
interface ElementRun extends Carried {
  readonly where: ElementPlace
  readonly form: ElementForm
  count: number
  readonly list: number
}

/** What is done with elements, and in which set. */
type ElementPlace = Pick<ElementOperation, 'kind' | 'family' | 'set'>

function isElement(operation: Operation): operation is ElementOperation {
  return operation.kind === 'add-element' || operation.kind === 'delete-element'
}
