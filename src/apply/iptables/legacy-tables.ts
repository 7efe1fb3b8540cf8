// Reads what <linux/netfilter_ipv4/ip_tables.h> and its IPv6 counterpart offer about a table
// without its rules.

import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import type { TableFamily } from '../../model/family.ts'
import { OWN_CHAIN } from '../../ruleset/iptables/chains.ts'
import { IPTABLES_TABLES, type IptablesTable } from '../../ruleset/iptables/types.ts'
import { HOST_LITTLE_ENDIAN } from '../netlink/attributes.ts'

/**
 * Changes with almost every change of the table, but not when a rule is replaced by one of the same
 * size.
 */
export interface TableInfo {
  /** A chain counts as two entries, and each rule in it as one more. */
  readonly entries: number
  readonly bytes: number
  /** The byte offsets at which hooks and policies begin, in hexadecimal. */
  readonly places: string
}

const AF: { readonly [family in TableFamily]: number } = { ip: 2, ip6: 10 }
const LEVEL: { readonly [family in TableFamily]: number } = { ip: 0, ip6: 41 }
const NAMES: { readonly [family in TableFamily]: string } = {
  ip: '/proc/thread-self/net/ip_tables_names',
  ip6: '/proc/thread-self/net/ip6_tables_names',
}
const SOCK_DGRAM_CLOEXEC = 0x80002
/** IPT_SO_GET_INFO and IP6T_SO_GET_INFO. */
const GET_INFO = 64
/** IPT_SO_GET_ENTRIES and IP6T_SO_GET_ENTRIES. */
const GET_ENTRIES = 65
/** struct ipt_getinfo: name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size. */
const INFO = { length: 84, places: 36, entries: 76, bytes: 80 } as const

interface Libc {
  socket(domain: number, type: number, protocol: number): number
  close(fd: number): number
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, size: number[]): number
}

let loaded: Libc | undefined

function libc(): Libc {
  if (loaded) return loaded
  const self = koffi.load(null)
  loaded = {
    socket: self.func('int socket(int, int, int)'),
    close: self.func('int close(int)'),
    getsockopt: self.func(
      'int getsockopt(int, int, int, _Inout_ uint8_t *, _Inout_ unsigned int *)',
    ),
  }
  return loaded
}

/**
 * Returns the legacy tables of this thread's network namespace. It does not ask for missing tables,
 * because that would create them. The map is empty where the kernel refuses, such as without
 * CAP_NET_ADMIN.
 */
export function legacyTables(family: TableFamily): ReadonlyMap<IptablesTable, TableInfo> {
  const found = new Map<IptablesTable, TableInfo>()
  const names = tableNames(family)
  if (names.length === 0) return found
  const fd = libc().socket(AF[family], SOCK_DGRAM_CLOEXEC, 0)
  if (fd < 0) return found
  for (const table of names) {
    const info = tableInfo(fd, family, table)
    if (info !== undefined) found.set(table, info)
  }
  libc().close(fd)
  return found
}

/** struct ipt_get_entries: name[32], size, then the entries, which start at a multiple of eight. */
const ENTRIES = { size: 32, head: 40 } as const
/** The head of a chain is an entry with this target: name[29], revision, then the chain's name. */
const CHAIN_HEAD: Buffer = Buffer.concat([Buffer.from('ERROR'), Buffer.alloc(25)])

/**
 * Returns whether the legacy tables hold chains of nodelb. This needs only CAP_NET_ADMIN, while the
 * programs need CAP_NET_RAW as well.
 */
export function legacyHoldsOurs(family: TableFamily): boolean {
  const ours = Buffer.concat([CHAIN_HEAD, Buffer.from(OWN_CHAIN)])
  return [...legacyTables(family)].some(([table, { bytes }]) =>
    tableEntries(family, table, bytes)?.includes(ours),
  )
}

/** Returns undefined where the size of the table has changed meanwhile. */
function tableEntries(
  family: TableFamily,
  table: IptablesTable,
  bytes: number,
): Buffer | undefined {
  const fd = libc().socket(AF[family], SOCK_DGRAM_CLOEXEC, 0)
  if (fd < 0) return undefined
  const entries = Buffer.alloc(ENTRIES.head + bytes)
  entries.write(table, 'latin1')
  const numbers = new DataView(entries.buffer, entries.byteOffset, ENTRIES.head)
  numbers.setUint32(ENTRIES.size, bytes, HOST_LITTLE_ENDIAN)
  const result = libc().getsockopt(fd, LEVEL[family], GET_ENTRIES, entries, [entries.length])
  libc().close(fd)
  return result === 0 ? entries : undefined
}

function tableNames(family: TableFamily): readonly IptablesTable[] {
  try {
    const names = readFileSync(NAMES[family], 'utf8').split('\n')
    return IPTABLES_TABLES.filter((table) => names.includes(table))
  } catch {
    return []
  }
}

function tableInfo(fd: number, family: TableFamily, table: IptablesTable): TableInfo | undefined {
  const info = Buffer.alloc(INFO.length)
  info.write(table, 'latin1')
  if (libc().getsockopt(fd, LEVEL[family], GET_INFO, info, [INFO.length]) !== 0) return undefined
  const numbers = new DataView(info.buffer, info.byteOffset, INFO.length)
  return {
    entries: numbers.getUint32(INFO.entries, HOST_LITTLE_ENDIAN),
    bytes: numbers.getUint32(INFO.bytes, HOST_LITTLE_ENDIAN),
    places: info.toString('hex', INFO.places, INFO.entries),
  }
}
