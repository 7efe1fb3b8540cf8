import type { TableFamily } from '../../model/family.ts'
import type { FieldType, SetSchema } from '../../ruleset/nftables/types.ts'
import { hostU32 } from '../netlink/host-order.ts'

/**
 * The expressions of key and data that nft keeps with a set declared with `typeof`, to print it
 * again. They are not attributes but small TLVs: u8 type, u8 length, value; numbers in host order.
 */

const USER_DATA = {
  keyByteOrder: 0,
  dataByteOrder: 1,
  keyTypeof: 3,
  dataTypeof: 4,
  dataInterval: 6,
}
const TYPEOF = { expression: 0, details: 1 }
const EXPRESSION = { payload: 7, meta: 9, concatenation: 13, numgen: 23 }
const PAYLOAD = { protocol: 0, field: 1 }
const META_L4PROTO = 16
const NUMGEN = { type: 0, modulus: 1, offset: 2 }
const RANDOM = 1

/** The modulus shown in the declaration of a set; a rule has its own. */
const SLOTS = 65_536

/** nft's numbers of protocol headers and of their fields. */
const HEADER = { ip: 12, ip6: 13, transport: 11 }
const FIELD = { ipDaddr: 12, ip6Daddr: 9, dport: 2 }

/** Returns the user data of a set's declaration. */
export function typeofUserData(family: TableFamily, set: SetSchema): Buffer {
  const parts = [entry(USER_DATA.keyByteOrder, hostU32(0))]
  const data = set.data === 'verdict' ? undefined : set.data
  if (data !== undefined) parts.push(entry(USER_DATA.dataByteOrder, hostU32(0)))
  parts.push(entry(USER_DATA.keyTypeof, declaration(family, set.key)))
  if (data !== undefined) {
    parts.push(entry(USER_DATA.dataTypeof, declaration(family, data)))
    parts.push(entry(USER_DATA.dataInterval, hostU32(0)))
  }
  return Buffer.concat(parts)
}

function declaration(family: TableFamily, types: readonly FieldType[]): Buffer {
  const [only] = types
  if (types.length === 1 && only !== undefined) return expression(family, only)
  const fields = types.map((type, index) => entry(index, expression(family, type)))
  return typed(EXPRESSION.concatenation, Buffer.concat(fields))
}

function expression(family: TableFamily, type: FieldType): Buffer {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return family === 'ip'
        ? payload(HEADER.ip, FIELD.ipDaddr)
        : payload(HEADER.ip6, FIELD.ip6Daddr)
    case 'inet_service':
      return payload(HEADER.transport, FIELD.dport)
    case 'inet_proto':
      return typed(EXPRESSION.meta, entry(0, hostU32(META_L4PROTO)))
    case 'slot':
      return typed(
        EXPRESSION.numgen,
        Buffer.concat([
          entry(NUMGEN.type, hostU32(RANDOM)),
          entry(NUMGEN.modulus, hostU32(SLOTS)),
          entry(NUMGEN.offset, hostU32(0)),
        ]),
      )
  }
}

function payload(protocol: number, field: number): Buffer {
  return typed(
    EXPRESSION.payload,
    Buffer.concat([
      entry(PAYLOAD.protocol, hostU32(protocol)),
      entry(PAYLOAD.field, hostU32(field)),
    ]),
  )
}

function typed(kind: number, details: Buffer): Buffer {
  return Buffer.concat([entry(TYPEOF.expression, hostU32(kind)), entry(TYPEOF.details, details)])
}

function entry(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length]), value])
}
