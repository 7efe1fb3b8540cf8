import type { TableFamily } from '../../model/family.ts'
import {
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
} from '../netlink/constants.ts'

/** Message types, attributes and flags of <linux/netfilter/nf_tables.h>, as far as they are used. */

/** Message types; the high byte is nfnetlink's number of nf_tables. */
export const MESSAGE = {
  newTable: 0x0a00,
  getTable: 0x0a01,
  deleteTable: 0x0a02,
  newChain: 0x0a03,
  getChain: 0x0a04,
  deleteChain: 0x0a05,
  newRule: 0x0a06,
  getRule: 0x0a07,
  deleteRule: 0x0a08,
  newSet: 0x0a09,
  getSet: 0x0a0a,
  deleteSet: 0x0a0b,
  newElements: 0x0a0c,
  getElements: 0x0a0d,
  deleteElements: 0x0a0e,
} as const

/** A message that neither creates nor dumps is a plain request. */
export const FLAGS: Readonly<
  Record<'request' | 'dump' | 'create' | 'create-new' | 'append', number>
> = {
  request: NLM_F_REQUEST,
  dump: NLM_F_REQUEST | NLM_F_DUMP,
  create: NLM_F_REQUEST | NLM_F_CREATE,
  /** Fails if there is one already. */
  'create-new': NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
  append: NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND,
}

/** `netdev` has the table that answers on layer 2; the others have Services. */
export type NetfilterFamily = TableFamily | 'netdev'

export const FAMILY: Readonly<Record<NetfilterFamily, number>> = { ip: 2, netdev: 5, ip6: 10 }

/** Returns undefined for families in which no Services are. */
export function familyName(family: number | undefined): TableFamily | undefined {
  if (family === FAMILY.ip) return 'ip'
  return family === FAMILY.ip6 ? 'ip6' : undefined
}

export const TABLE = { name: 1, flags: 2, handle: 4, owner: 7 } as const

export const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const

export const HOOK = { number: 1, priority: 2, device: 3 } as const

export const RULE = {
  table: 1,
  chain: 2,
  handle: 3,
  expressions: 4,
  position: 6,
  userData: 7,
} as const

export const SET = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  description: 9,
  id: 10,
  timeout: 11,
  userData: 13,
  expression: 17,
  expressions: 18,
  count: 20,
} as const

export const SET_FLAG = {
  anonymous: 0x1,
  constant: 0x2,
  interval: 0x4,
  map: 0x8,
  timeout: 0x10,
  dynamic: 0x20,
  concatenation: 0x80,
} as const

export const DESCRIPTION = { size: 1, concatenation: 2, fieldLength: 1 } as const

export const ELEMENTS = { table: 1, set: 2, list: 3, setId: 4 } as const

export const ELEMENT = {
  key: 1,
  data: 2,
  flags: 3,
  timeout: 4,
  expiration: 5,
  userData: 6,
  expression: 7,
  keyEnd: 10,
} as const

/** NFT_SET_ELEM_*. */
export const INTERVAL_END = 0x1
export const CATCH_ALL_FLAG = 0x2

/** NFTA_LIST_ELEM and NFTA_DATA_*: the innermost layers. */
export const LIST_ELEMENT = 1
export const DATA = { value: 1, verdict: 2 } as const

/** NFTA_VERDICT_* and NFT_GOTO. */
export const VERDICT = { code: 1, chain: 2 } as const
export const GOTO = -4
