import type { TableFamily } from '../../model/family.ts'
import { allAtOnce, type Steps } from '../../model/steps.ts'
import { eachOperation, type Operation, type Plan } from '../../plan/nftables/operation.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { Request } from '../netlink/message.ts'
import { CHAIN, ELEMENTS, FAMILY, FLAGS, MESSAGE, RULE, SET, TABLE } from './constants.ts'
import { writeElement, writeProtocol } from './elements.ts'
import { writeHook, writeRule } from './rules.ts'
import { ANONYMOUS_NAME, PORT_PROTOCOLS, writeProtocolSet, writeSet } from './schema.ts'

/** Encodes a plan as the messages of one batch. */

export interface EncodedPlan {
  readonly requests: readonly Request[]
  /** For each request, the indexes of the operations that it carries. */
  readonly operations: readonly (readonly number[])[]
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
  let index = 0
  for (const operation of eachOperation(plan)) {
    batch.add(operation, index++)
    if (index % STEP === 0) yield
  }
  return batch.finish()
}

class Batch {
  readonly #requests: Request[] = []
  readonly #operations: (readonly number[])[] = []
  readonly #writer = new AttributeWriter()
  readonly #maxElementBytes: number
  #run: ElementRun | undefined
  #lastSetId = 0

  constructor(options: EncodeOptions) {
    this.#maxElementBytes = options.oneElementPerMessage ? 0 : MAX_ELEMENT_BYTES
  }

  add(operation: Operation, index: number): void {
    if (isElement(operation)) {
      this.#addElement(operation, index)
    } else {
      this.#endRun()
      this.#addSingle(operation, [index])
    }
  }

  finish(): EncodedPlan {
    this.#endRun()
    return { requests: this.#requests, operations: this.#operations }
  }

  #addElement(operation: ElementOperation, index: number): void {
    if (this.#run === undefined || !belongs(this.#run, operation)) {
      this.#endRun()
      this.#run = this.#beginRun(operation)
    }
    const add = operation.kind === 'add-element'
    writeElement(this.#writer, operation.set, operation.key, add ? operation.value : undefined)
    this.#run.indexes.push(index)
    if (this.#writer.length >= this.#maxElementBytes) this.#endRun()
  }

  #beginRun(first: ElementOperation): ElementRun {
    this.#begin(first.family)
    this.#writer.text(ELEMENTS.table, TABLE_NAME).text(ELEMENTS.set, first.set.name)
    return { first, indexes: [], list: this.#writer.open(ELEMENTS.list) }
  }

  #endRun(): void {
    if (this.#run === undefined) return
    const { first, indexes, list } = this.#run
    this.#run = undefined
    this.#writer.close(list)
    if (first.kind === 'add-element') this.#end(MESSAGE.newElements, FLAGS.create, indexes)
    else this.#end(MESSAGE.deleteElements, FLAGS.request, indexes)
  }

  #addSingle(operation: SingleOperation, index: readonly number[]): void {
    switch (operation.kind) {
      case 'add-table':
        this.#begin(operation.family).text(TABLE.name, TABLE_NAME)
        if (operation.flags !== undefined) this.#writer.u32(TABLE.flags, operation.flags)
        this.#end(MESSAGE.newTable, FLAGS.create, index)
        break
      case 'delete-table':
        this.#begin(operation.family).text(TABLE.name, TABLE_NAME)
        this.#end(MESSAGE.deleteTable, FLAGS.request, index)
        break
      case 'add-set':
        this.#begin(operation.family).text(SET.table, TABLE_NAME)
        writeSet(this.#writer, operation.family, operation.set, this.#nextSetId())
        this.#end(MESSAGE.newSet, FLAGS.create, index)
        break
      case 'delete-set':
        this.#begin(operation.family).text(SET.table, TABLE_NAME).text(SET.name, operation.set)
        this.#end(MESSAGE.deleteSet, FLAGS.request, index)
        break
      case 'add-chain':
        this.#begin(operation.family)
          .text(CHAIN.table, TABLE_NAME)
          .text(CHAIN.name, operation.chain)
        if (operation.base !== undefined) writeHook(this.#writer, operation.base)
        this.#end(MESSAGE.newChain, FLAGS.create, index)
        break
      case 'delete-chain':
        this.#begin(operation.family)
          .text(CHAIN.table, TABLE_NAME)
          .text(CHAIN.name, operation.chain)
        this.#end(MESSAGE.deleteChain, FLAGS.request, index)
        break
      case 'add-rule':
        this.#addRule(operation, index)
        break
      case 'delete-rule':
        this.#begin(operation.family).text(RULE.table, TABLE_NAME).text(RULE.chain, operation.chain)
        this.#writer.u64(RULE.handle, operation.handle)
        this.#end(MESSAGE.deleteRule, FLAGS.request, index)
        break
    }
  }

  #addRule({ family, chain, rule, position }: RuleOperation, index: readonly number[]): void {
    // The sets that the rule uses have to come before it.
    const protocolSets = rule.statements
      .filter((statement) => statement.kind === 'has-ports')
      .map(() => this.#addProtocolSet(family, index))
    const protocolSet = (): number => protocolSets.shift() ?? 0
    this.#begin(family).text(RULE.table, TABLE_NAME).text(RULE.chain, chain)
    writeRule(this.#writer, family, rule, { protocolSet })
    if (position.kind === 'before') this.#writer.u64(RULE.position, position.handle)
    const flags = position.kind === 'before' ? FLAGS.create : FLAGS.append
    this.#end(MESSAGE.newRule, flags, index)
  }

  #addProtocolSet(family: TableFamily, index: readonly number[]): number {
    const id = this.#nextSetId()
    this.#begin(family).text(SET.table, TABLE_NAME)
    writeProtocolSet(this.#writer, id)
    this.#end(MESSAGE.newSet, FLAGS.create, index)
    const writer = this.#begin(family)
    writer.text(ELEMENTS.table, TABLE_NAME).text(ELEMENTS.set, ANONYMOUS_NAME)
    writer.u32(ELEMENTS.setId, id).nested(ELEMENTS.list, () => {
      for (const protocol of PORT_PROTOCOLS) writeProtocol(writer, protocol)
    })
    this.#end(MESSAGE.newElements, FLAGS.create, index)
    return id
  }

  #nextSetId(): number {
    this.#lastSetId += 1
    return this.#lastSetId
  }

  #begin(family: TableFamily): AttributeWriter {
    return this.#writer.family(FAMILY[family])
  }

  #end(type: number, flags: number, operations: readonly number[]): void {
    this.#requests.push({ type, flags, payload: this.#writer.finish() })
    this.#operations.push(operations)
  }
}

/** Elements of one set that go into one message. */
interface ElementRun {
  readonly first: ElementOperation
  readonly indexes: number[]
  readonly list: number
}

function isElement(operation: Operation): operation is ElementOperation {
  return operation.kind === 'add-element' || operation.kind === 'delete-element'
}

function belongs({ first }: ElementRun, operation: ElementOperation): boolean {
  return (
    operation.kind === first.kind &&
    operation.family === first.family &&
    operation.set.name === first.set.name
  )
}
