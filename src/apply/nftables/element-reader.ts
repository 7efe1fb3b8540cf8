import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue, SetSchema } from '../../ruleset/nftables/types.ts'
import { goTo } from '../../ruleset/nftables/verdicts.ts'
import { eachAttribute, readAttributes, readText, readU32 } from '../netlink/attributes.ts'
import { decodeComment } from './comment.ts'
import { DATA, ELEMENT, ELEMENTS, GOTO, INTERVAL_END, VERDICT } from './constants.ts'
import { CATCH_ALL } from './elements.ts'
import { joinIntervals, type Piece } from './plain-intervals.ts'
import { isDecodable, isRangeKey } from './schema.ts'
import { decodeRange, decodeTuple, tupleLength } from './tuple.ts'

/** The parts of an element in a reply. */
interface RawElement {
  readonly key: Buffer
  readonly keyEnd: Buffer | undefined
  readonly data: Buffer | undefined
  readonly verdict: Tuple | undefined
  readonly intervalEnd: boolean
  readonly comment: string | undefined
}

/**
 * Takes the replies to a dump of a set one by one, because all of them together are larger than
 * their content. Only the pieces of plain intervals have to wait for the rest.
 */
export class ElementReader {
  readonly #set: SetSchema
  readonly #elements: Map<Tuple, ElementValue> = new Map()
  readonly #pieces: Piece[] = []
  /**
   * Elements with equal data and no comment share one value, such as all those that lead to one
   * endpoint.
   */
  readonly #values: Map<Tuple, ElementValue> = new Map()

  constructor(set: SetSchema) {
    this.#set = set
  }

  /** Adds the elements of one reply. */
  read(payload: Buffer): void {
    eachAttribute(payload, 4, payload.length, (type, start, end) => {
      if (type !== ELEMENTS.list) return
      eachAttribute(payload, start, end, (_type, from, to) => {
        this.#takeElement(readElement(payload, from, to))
      })
    })
  }

  /** Returns the elements; plain intervals are complete only after the last reply. */
  elements(): ReadonlyMap<Tuple, ElementValue> {
    for (const [key, value] of joinIntervals(this.#pieces, this.#set)) {
      this.#elements.set(key, value)
    }
    return this.#elements
  }

  #takeElement(element: RawElement | undefined): void {
    const set = this.#set
    if (element === undefined) this.#elements.set(CATCH_ALL, NOTHING)
    else if (!isDecodable(set)) this.#elements.set(hex(element.key), NOTHING)
    else if (set.interval && !isRangeKey(set)) this.#pieces.push(pieceOf(element, set))
    else this.#elements.set(keyText(element, set), this.#shared(readValue(element, set)))
  }

  #shared(value: ElementValue): ElementValue {
    if (value.data === undefined || value.comment !== undefined) return value
    const known = this.#values.get(value.data)
    if (known === undefined) this.#values.set(value.data, value)
    return known ?? value
  }
}

/** The value of all elements that have nothing but a key. */
const NOTHING: ElementValue = {}

/** Returns undefined for the catch-all element, the only one without a key. */
function readElement(payload: Buffer, from: number, to: number): RawElement | undefined {
  let key: Buffer | undefined
  let keyEnd: Buffer | undefined
  let data: Buffer | undefined
  let verdict: Tuple | undefined
  let intervalEnd = false
  let comment: string | undefined
  eachAttribute(payload, from, to, (type, start, end) => {
    if (type === ELEMENT.key) key = dataValue(payload, start, end)
    else if (type === ELEMENT.keyEnd) keyEnd = dataValue(payload, start, end)
    else if (type === ELEMENT.data) {
      data = dataValue(payload, start, end)
      if (data === undefined) verdict = verdictText(payload, start, end)
    } else if (type === ELEMENT.userData) comment = decodeComment(payload, start, end)
    else if (type === ELEMENT.flags) {
      intervalEnd = (readU32(payload.subarray(start, end)) & INTERVAL_END) !== 0
    }
  })
  return key === undefined ? undefined : { key, keyEnd, data, verdict, intervalEnd, comment }
}

/** Returns the bytes inside NFTA_DATA_VALUE; a verdict has none. */
function dataValue(payload: Buffer, start: number, end: number): Buffer | undefined {
  let value: Buffer | undefined
  eachAttribute(payload, start, end, (type, from, to) => {
    if (type === DATA.value) value = payload.subarray(from, to)
  })
  return value
}

/** Returns `goto CHAIN`, or text for another program's verdict, which only has to differ. */
function verdictText(payload: Buffer, start: number, end: number): Tuple | undefined {
  let text: Tuple | undefined
  eachAttribute(payload, start, end, (type, from, to) => {
    if (type !== DATA.verdict) return
    const found = readAttributes(payload.subarray(from, to))
    const code = readU32(found.get(VERDICT.code)) | 0
    const chain = readText(found.get(VERDICT.chain))
    text = code === GOTO ? goTo(chain) : (`verdict ${code} ${chain}` as Tuple)
  })
  return text
}

function keyText(element: RawElement, set: SetSchema): Tuple {
  if (element.key.length !== tupleLength(set.key)) return hex(element.key)
  if (!isRangeKey(set)) return decodeTuple(set.key, element.key)
  return decodeRange(set.key, { first: element.key, last: element.keyEnd ?? element.key })
}

function readValue(element: RawElement, set: SetSchema): ElementValue {
  const { data: bytes, verdict, comment } = element
  const data = bytes === undefined ? verdict : dataText(bytes, set)
  if (data === undefined) return comment === undefined ? NOTHING : { comment }
  return comment === undefined ? { data } : { data, comment }
}

function dataText(bytes: Buffer, { data: types }: SetSchema): Tuple | undefined {
  if (types === undefined) return undefined
  if (types === 'verdict') return hex(bytes)
  return bytes.length === tupleLength(types) ? decodeTuple(types, bytes) : hex(bytes)
}

function pieceOf(element: RawElement, set: SetSchema): Piece {
  const { key, intervalEnd } = element
  return { key: Buffer.from(key), intervalEnd, value: readValue(element, set) }
}

function hex(bytes: Buffer): Tuple {
  return `0x${bytes.toString('hex')}` as Tuple
}
