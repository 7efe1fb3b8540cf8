import type { TableFamily } from '../../model/family.ts'
import { CLIENT_HASH_SEED, type Field } from '../../ruleset/nftables/types.ts'
import type { AttributeWriter } from '../netlink/attributes.ts'
import { hostU32 } from '../netlink/host-order.ts'
import { DATA, FAMILY, LIST_ELEMENT } from './constants.ts'

/** The kernel's expressions: small steps of bytecode that work on registers. */

const EXPRESSION = { name: 1, data: 2 } as const

const PAYLOAD = { register: 1, base: 2, offset: 3, length: 4 } as const
const NETWORK_HEADER = 1
const TRANSPORT_HEADER = 2
const DPORT_OFFSET = 2
const IP = { ip: { saddr: 12, daddr: 16, size: 4 }, ip6: { saddr: 8, daddr: 24, size: 16 } }

const META = { register: 1, key: 2, source: 3 } as const
export const META_KEY = { mark: 3, iifname: 6, l4proto: 16 } as const

const CT = { register: 1, key: 2, direction: 3 } as const
export const CT_KEY = { state: 0, status: 2 } as const
const CT_PROTO_DST = 12
const CT_DST: Readonly<Record<TableFamily, number>> = { ip: 20, ip6: 22 }
const ORIGINAL = 0

/** NFT_DYNSET_OP_*. */
const CHANGE = { update: 1, delete: 2 } as const

/** NFT_REG_VERDICT and NFT_HASH_JENKINS. */
const VERDICT_REGISTER = 0
const JENKINS = 0

/** Words (4 bytes) of the register file: 16 in all, starting with the four of NFT_REG_1. */
const WORDS = 16
const WORDS_PER_REGISTER = 4
const FIRST_WORD = 8

/**
 * Returns the kernel's number: NFT_REG_1 to 4 where one begins at this word, else the word's own.
 */
function register(word: number): number {
  const full = word % WORDS_PER_REGISTER === 0
  return full ? 1 + word / WORDS_PER_REGISTER : FIRST_WORD + word
}

/** Writes the expressions of one rule; all work on register 1, except for the fields of a key. */
export class ExpressionWriter {
  readonly family: TableFamily
  readonly #writer: AttributeWriter

  constructor(writer: AttributeWriter, family: TableFamily) {
    this.#writer = writer
    this.family = family
  }

  payload(base: number, offset: number, length: number, word = 0): this {
    return this.#expression('payload', (writer) =>
      writer
        .u32(PAYLOAD.register, register(word))
        .u32(PAYLOAD.base, base)
        .u32(PAYLOAD.offset, offset)
        .u32(PAYLOAD.length, length),
    )
  }

  address(field: 'saddr' | 'daddr', word = 0): this {
    const header = IP[this.family]
    return this.payload(NETWORK_HEADER, header[field], header.size, word)
  }

  /** Loads the first `length` bytes of the destination address. */
  daddrPrefix(length: number): this {
    return this.payload(NETWORK_HEADER, IP[this.family].daddr, length)
  }

  meta(key: number, word = 0): this {
    return this.#expression('meta', (writer) =>
      writer.u32(META.key, key).u32(META.register, register(word)),
    )
  }

  setMeta(key: number): this {
    return this.#expression('meta', (writer) =>
      writer.u32(META.key, key).u32(META.source, register(0)),
    )
  }

  ct(key: number): this {
    return this.#expression('ct', (writer) => writer.u32(CT.key, key).u32(CT.register, register(0)))
  }

  ctOriginal(key: number, word = 0): this {
    return this.#expression('ct', (writer) =>
      writer.u32(CT.key, key).u32(CT.register, register(word)).u8(CT.direction, ORIGINAL),
    )
  }

  /** Sets register 1 = (register 1 & mask) ^ xor, as numbers in host order. */
  bitwise(mask: number, xor: number): this {
    return this.#expression('bitwise', (writer) =>
      writer
        .u32(1, register(0))
        .u32(2, register(0))
        .u32(3, 4)
        .nested(4, () => writer.bytes(DATA.value, hostU32(mask)))
        .nested(5, () => writer.bytes(DATA.value, hostU32(xor))),
    )
  }

  compare(operator: '==' | '!=', value: Uint8Array): this {
    return this.#expression('cmp', (writer) =>
      writer
        .u32(1, register(0))
        .u32(2, operator === '==' ? 0 : 1)
        .nested(3, () => writer.bytes(DATA.value, value)),
    )
  }

  /**
   * Loads the fields one after another, each at a word boundary. Throws if they do not fit the
   * registers.
   */
  fields(fields: readonly Field[]): void {
    const words = fields.reduce((sum, field) => sum + fieldWords(this.family, field), 0)
    let word = 0
    for (const field of fields) {
      this.#field(field, word, words)
      word += fieldWords(this.family, field)
    }
    if (word > WORDS) throw new Error(`a key of ${word} words does not fit the registers`)
  }

  /** Looks the key up in a set, or with `map` replaces it by its value in register 1. */
  lookup(set: string, options: { inverted?: boolean; map?: boolean; setId?: number } = {}): this {
    return this.#expression('lookup', (writer) => {
      writer.text(1, set).u32(2, register(0))
      if (options.map) writer.u32(3, register(0))
      if (options.setId !== undefined) writer.u32(4, options.setId)
      if (options.inverted) writer.u32(5, 1)
    })
  }

  /** Ends with the verdict that the map has for the key, if it has one. */
  lookupVerdict(map: string): this {
    return this.#expression('lookup', (writer) =>
      writer.text(1, map).u32(2, register(0)).u32(3, VERDICT_REGISTER),
    )
  }

  /** Adds the key in the registers to the set or restarts its timeout, or deletes it. */
  change(set: string, operation: keyof typeof CHANGE, seconds = 0): this {
    return this.#expression('dynset', (writer) =>
      writer
        .text(1, set)
        .u32(3, CHANGE[operation])
        .u32(4, register(0))
        .u64(6, BigInt(seconds) * 1000n),
    )
  }

  random(modulus: number, word: number): this {
    return this.#expression('numgen', (writer) =>
      writer.u32(1, register(word)).u32(2, modulus).u32(3, 1).u32(4, 0),
    )
  }

  /** Hashes the source address, which is loaded behind the key of `keyWords` words, as nft does. */
  clientHash(modulus: number, word: number, keyWords: number): this {
    const scratch = keyWords + WORDS_PER_REGISTER
    this.address('saddr', scratch)
    return this.#expression('hash', (writer) =>
      writer
        .u32(1, register(scratch))
        .u32(2, register(word))
        .u32(3, IP[this.family].size)
        .u32(4, modulus)
        .u32(5, Number(CLIENT_HASH_SEED))
        .u32(7, JENKINS),
    )
  }

  fib(flags: number): this {
    return this.#expression('fib', (writer) => writer.u32(1, register(0)).u32(2, 3).u32(3, flags))
  }

  /** Translates the destination to the address in register 1 and the port in the word after it. */
  dnat(): this {
    const port = IP[this.family].size / 4
    return this.#expression('nat', (writer) =>
      writer.u32(1, 1).u32(2, FAMILY[this.family]).u32(3, register(0)).u32(5, register(port)),
    )
  }

  masquerade(flags: number): this {
    return this.#expression('masq', (writer) => writer.u32(1, flags))
  }

  reject(type: number, code: number): this {
    return this.#expression('reject', (writer) => writer.u32(1, type).u8(2, code))
  }

  verdict(code: number, chain?: string): this {
    return this.#expression('immediate', (writer) =>
      writer.u32(1, 0).nested(2, () =>
        writer.nested(DATA.verdict, () => {
          writer.i32(1, code)
          if (chain !== undefined) writer.text(2, chain)
        }),
      ),
    )
  }

  #expression(name: string, write: (writer: AttributeWriter) => void): this {
    const element = this.#writer.open(LIST_ELEMENT)
    this.#writer.text(EXPRESSION.name, name)
    const data = this.#writer.open(EXPRESSION.data)
    write(this.#writer)
    this.#writer.close(data).close(element)
    return this
  }

  #field(field: Field, word: number, words: number): void {
    switch (field.kind) {
      case 'saddr':
      case 'daddr':
        this.address(field.kind, word)
        return
      case 'l4proto':
        this.meta(META_KEY.l4proto, word)
        return
      case 'dport':
        this.payload(TRANSPORT_HEADER, DPORT_OFFSET, 2, word)
        return
      case 'original-daddr':
        this.ctOriginal(CT_DST[this.family], word)
        return
      case 'original-dport':
        this.ctOriginal(CT_PROTO_DST, word)
        return
      case 'random':
        this.random(field.modulus, word)
        return
      case 'client-hash':
        this.clientHash(field.modulus, word, words)
    }
  }
}

function fieldWords(family: TableFamily, field: Field): number {
  const address = IP[family].size / 4
  return field.kind.endsWith('addr') ? address : 1
}
