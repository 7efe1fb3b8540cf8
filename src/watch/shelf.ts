import type { Problem } from '../decode/problem.ts'
import { store } from './stored-value.ts'

/** What became of an object that was read. */
interface Read {
  readonly problems: readonly Problem[]
  /** Whether it says something new. */
  readonly isNews: boolean
}

/** What a decoder gives: `invalid` if the object cannot be read. */
interface Decoded {
  readonly kind: string
  readonly problems: readonly Problem[]
}

/** An object that can be read, or is ignored. */
type Readable<From extends Decoded> = Exclude<From, { readonly kind: 'invalid' }>

/** The objects of one kind, as they were last readable (ADR 0010). */
export class Shelf<Value, From extends Decoded> {
  readonly #values: Map<string, Value> = new Map()
  readonly #decode: (json: unknown, source: string, former: Value | undefined) => From
  readonly #pick: (decoded: Readable<From>) => Value | undefined

  /**
   * `decode` also gets the former version, for an object that can be read but for a part. `pick` gives nothing
   * for an object that is ignored.
   */
  constructor(
    decode: (json: unknown, source: string, former: Value | undefined) => From,
    pick: (decoded: Readable<From>) => Value | undefined,
  ) {
    this.#decode = decode
    this.#pick = pick
  }

  /** Takes an object; one that cannot be read leaves its former version. */
  put(key: string, object: unknown, origin: string): Read {
    const decoded = this.#decode(object, origin, this.#values.get(key))
    const { problems } = decoded
    if (decoded.kind === 'invalid') return { problems, isNews: false }
    const value = this.#pick(decoded as Readable<From>)
    if (value === undefined) return { problems, isNews: this.#values.delete(key) }
    return { problems, isNews: store(this.#values, key, value) }
  }

  /** Forgets an object; returns whether it was there. */
  remove(key: string): boolean {
    return this.#values.delete(key)
  }

  values(): readonly Value[] {
    return [...this.#values.values()]
  }
}
