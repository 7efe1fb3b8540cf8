import type { TableFamily } from '../../model/family.ts'
import { CLIENT_HASH_SEED } from '../../ruleset/nftables/types.ts'
import type { AttributeWriter } from '../netlink/attributes.ts'
import { hostU32 } from '../netlink/host-order.ts'
import { DATA, FAMILY, LIST_ELEMENT, VERDICT } from './constants.ts'
import {
  NFT_CMP,
  NFT_DYNSET_OP,
  NFT_FIB_RESULT_ADDRTYPE,
  NFT_HASH_JENKINS,
  NFT_LOOKUP_F_INV,
  NFT_NAT_DNAT,
  NFT_NG_RANDOM,
  NFT_REG_VERDICT,
  NFTA_BITWISE,
  NFTA_CMP,
  NFTA_CT,
  NFTA_DYNSET,
  NFTA_EXPR,
  NFTA_FIB,
  NFTA_HASH,
  NFTA_IMMEDIATE,
  NFTA_LOOKUP,
  NFTA_MASQ,
  NFTA_META,
  NFTA_NAT,
  NFTA_NG,
  NFTA_PAYLOAD,
  NFTA_REJECT,
} from './expression-attributes.ts'

/** The kernel's expressions: small steps of bytecode that work on registers. */

const NETWORK_HEADER = 1
const TRANSPORT_HEADER = 2
const DPORT_OFFSET = 2
const PORT_SIZE = 2
const IP = { ip: { saddr: 12, daddr: 16, size: 4 }, ip6: { saddr: 8, daddr: 24, size: 16 } }

export const META_KEY = { mark: 3, iifname: 6, l4proto: 16 } as const

export const CT_KEY = { state: 0, status: 2 } as const
const CT_PROTO_DST = 12
const CT_DST: Readonly<Record<TableFamily, number>> = { ip: 20, ip6: 22 }
const ORIGINAL = 0

/** The register file consists of words of 4 bytes and starts with the four of NFT_REG_1. */
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

  #payload(base: number, offset: number, length: number, word = 0): this {
    return this.#expression('payload', (writer) =>
      writer
        .u32(NFTA_PAYLOAD.dreg, register(word))
        .u32(NFTA_PAYLOAD.base, base)
        .u32(NFTA_PAYLOAD.offset, offset)
        .u32(NFTA_PAYLOAD.len, length),
    )
  }

  address(field: 'saddr' | 'daddr', word = 0): this {
    const header = IP[this.family]
    return this.#payload(NETWORK_HEADER, header[field], header.size, word)
  }

  dport(word: number): this {
    return this.#payload(TRANSPORT_HEADER, DPORT_OFFSET, PORT_SIZE, word)
  }

  /** Loads the first `length` bytes of the destination address. */
  daddrPrefix(length: number): this {
    return this.#payload(NETWORK_HEADER, IP[this.family].daddr, length)
  }

  meta(key: number, word = 0): this {
    return this.#expression('meta', (writer) =>
      writer.u32(NFTA_META.key, key).u32(NFTA_META.dreg, register(word)),
    )
  }

  setMeta(key: number): this {
    return this.#expression('meta', (writer) =>
      writer.u32(NFTA_META.key, key).u32(NFTA_META.sreg, register(0)),
    )
  }

  ct(key: number): this {
    return this.#expression('ct', (writer) =>
      writer.u32(NFTA_CT.key, key).u32(NFTA_CT.dreg, register(0)),
    )
  }

  /** Loads the destination before translation: its address, or its port. */
  original(field: 'daddr' | 'dport', word: number): this {
    const key = field === 'daddr' ? CT_DST[this.family] : CT_PROTO_DST
    return this.#expression('ct', (writer) =>
      writer
        .u32(NFTA_CT.key, key)
        .u32(NFTA_CT.dreg, register(word))
        .u8(NFTA_CT.direction, ORIGINAL),
    )
  }

  /** Sets register 1 = (register 1 & mask) ^ xor, as numbers in host order. */
  bitwise(mask: number, xor: number): this {
    return this.#expression('bitwise', (writer) =>
      writer
        .u32(NFTA_BITWISE.sreg, register(0))
        .u32(NFTA_BITWISE.dreg, register(0))
        .u32(NFTA_BITWISE.len, 4)
        .nested(NFTA_BITWISE.mask, () => writer.bytes(DATA.value, hostU32(mask)))
        .nested(NFTA_BITWISE.xor, () => writer.bytes(DATA.value, hostU32(xor))),
    )
  }

  compare(operator: '==' | '!=', value: Uint8Array): this {
    return this.#expression('cmp', (writer) =>
      writer
        .u32(NFTA_CMP.sreg, register(0))
        .u32(NFTA_CMP.op, operator === '==' ? NFT_CMP.eq : NFT_CMP.neq)
        .nested(NFTA_CMP.data, () => writer.bytes(DATA.value, value)),
    )
  }

  /** Looks the key up in a set, or with `map` replaces it by its value in register 1. */
  lookup(set: string, options: { inverted?: boolean; map?: boolean; setId?: number } = {}): this {
    return this.#expression('lookup', (writer) => {
      writer.text(NFTA_LOOKUP.set, set).u32(NFTA_LOOKUP.sreg, register(0))
      if (options.map) writer.u32(NFTA_LOOKUP.dreg, register(0))
      if (options.setId !== undefined) writer.u32(NFTA_LOOKUP.setId, options.setId)
      if (options.inverted) writer.u32(NFTA_LOOKUP.flags, NFT_LOOKUP_F_INV)
    })
  }

  /** Ends with the verdict that the map has for the key, if it has one. */
  lookupVerdict(map: string): this {
    return this.#expression('lookup', (writer) =>
      writer
        .text(NFTA_LOOKUP.set, map)
        .u32(NFTA_LOOKUP.sreg, register(0))
        .u32(NFTA_LOOKUP.dreg, NFT_REG_VERDICT),
    )
  }

  /** Adds the key in the registers to the set or restarts its timeout, or deletes it. */
  change(set: string, operation: keyof typeof NFT_DYNSET_OP, seconds = 0): this {
    return this.#expression('dynset', (writer) =>
      writer
        .text(NFTA_DYNSET.setName, set)
        .u32(NFTA_DYNSET.op, NFT_DYNSET_OP[operation])
        .u32(NFTA_DYNSET.sregKey, register(0))
        .u64(NFTA_DYNSET.timeout, BigInt(seconds) * 1000n),
    )
  }

  random(modulus: number, word: number): this {
    return this.#expression('numgen', (writer) =>
      writer
        .u32(NFTA_NG.dreg, register(word))
        .u32(NFTA_NG.modulus, modulus)
        .u32(NFTA_NG.type, NFT_NG_RANDOM)
        .u32(NFTA_NG.offset, 0),
    )
  }

  /** Hashes the source address, which is loaded behind the key of `keyWords` words, as nft does. */
  clientHash(modulus: number, word: number, keyWords: number): this {
    const scratch = keyWords + WORDS_PER_REGISTER
    this.address('saddr', scratch)
    return this.#expression('hash', (writer) =>
      writer
        .u32(NFTA_HASH.sreg, register(scratch))
        .u32(NFTA_HASH.dreg, register(word))
        .u32(NFTA_HASH.len, IP[this.family].size)
        .u32(NFTA_HASH.modulus, modulus)
        .u32(NFTA_HASH.seed, Number(CLIENT_HASH_SEED))
        .u32(NFTA_HASH.type, NFT_HASH_JENKINS),
    )
  }

  fib(flags: number): this {
    return this.#expression('fib', (writer) =>
      writer
        .u32(NFTA_FIB.dreg, register(0))
        .u32(NFTA_FIB.result, NFT_FIB_RESULT_ADDRTYPE)
        .u32(NFTA_FIB.flags, flags),
    )
  }

  /** Translates the destination to the address in register 1 and the port in the word after it. */
  dnat(): this {
    const port = IP[this.family].size / 4
    return this.#expression('nat', (writer) =>
      writer
        .u32(NFTA_NAT.type, NFT_NAT_DNAT)
        .u32(NFTA_NAT.family, FAMILY[this.family])
        .u32(NFTA_NAT.regAddrMin, register(0))
        .u32(NFTA_NAT.regProtoMin, register(port)),
    )
  }

  masquerade(flags: number): this {
    return this.#expression('masq', (writer) => writer.u32(NFTA_MASQ.flags, flags))
  }

  reject(type: number, code: number): this {
    return this.#expression('reject', (writer) =>
      writer.u32(NFTA_REJECT.type, type).u8(NFTA_REJECT.icmpCode, code),
    )
  }

  verdict(code: number, chain?: string): this {
    return this.#expression('immediate', (writer) =>
      writer.u32(NFTA_IMMEDIATE.dreg, NFT_REG_VERDICT).nested(NFTA_IMMEDIATE.data, () =>
        writer.nested(DATA.verdict, () => {
          writer.i32(VERDICT.code, code)
          if (chain !== undefined) writer.text(VERDICT.chain, chain)
        }),
      ),
    )
  }

  #expression(name: string, write: (writer: AttributeWriter) => void): this {
    const element = this.#writer.open(LIST_ELEMENT)
    this.#writer.text(NFTA_EXPR.name, name)
    const data = this.#writer.open(NFTA_EXPR.data)
    write(this.#writer)
    this.#writer.close(data).close(element)
    return this
  }
}
