import { NLM_F_CREATE } from '../../../src/apply/netlink/constants.ts'
import { nfgenmsg, type Request } from '../../../src/apply/netlink/message.ts'

const NFTABLES = 10 << 8
const IPV4 = 2
const KEY_BYTES = 4
const ELEMENTS_PER_MESSAGE = 4_000

export function addTable(name: string): Request {
  return request(0, NLM_F_CREATE, [text(1, name)])
}

export function getTable(name?: string): Request {
  return request(1, 0, name === undefined ? [] : [text(1, name)])
}

export function deleteTable(name: string): Request {
  return request(2, 0, [text(1, name)])
}

/** A set of plain 4-byte keys. */
export function addSet(table: string, set: string): Request {
  const attributes = [text(1, table), text(2, set), number(3, 0), number(4, 0)]
  return request(9, NLM_F_CREATE, [...attributes, number(5, KEY_BYTES), number(10, 1)])
}

export function getElements(table: string, set: string): Request {
  return request(13, 0, [text(1, table), text(2, set)])
}

/** Elements `from` ... `from + count - 1`, in as many messages as they take. */
export function addElements(table: string, set: string, from: number, count: number): Request[] {
  const requests: Request[] = []
  for (let start = from; start < from + count; start += ELEMENTS_PER_MESSAGE) {
    const length = Math.min(ELEMENTS_PER_MESSAGE, from + count - start)
    const elements = Array.from({ length }, (_, index) =>
      attribute(1, attribute(1, number(1, start + index))),
    )
    const list = attribute(3, Buffer.concat(elements))
    requests.push(request(12, NLM_F_CREATE, [text(1, table), text(2, set), list]))
  }
  return requests
}

export function missingTables(count: number): Request[] {
  return Array.from({ length: count }, (_, index) => deleteTable(`missing-${index}`))
}

/** A table with a set of 20,000 elements: more announcements than a small buffer holds. */
export function bigSet(): Request[] {
  return [addTable('t'), addSet('t', 's'), ...addElements('t', 's', 0, 20_000)]
}

function request(message: number, flags: number, attributes: readonly Buffer[]): Request {
  return {
    type: NFTABLES | message,
    flags,
    payload: Buffer.concat([nfgenmsg(IPV4), ...attributes]),
  }
}

function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`))
}

function number(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return attribute(type, bytes)
}

/** Header in host order: these tests run where they are written, on little-endian machines. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}
