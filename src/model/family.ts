import { type Address, familyOf, type IpFamily } from './address.ts'

/** The families, as nftables and iptables call their tables (`NFPROTO_IPV4`, `NFPROTO_IPV6`). */
export type TableFamily = 'ip' | 'ip6'

/** Returns the table that sees packets of this family. */
export function tableOf(family: IpFamily): TableFamily {
  return family === 'ipv4' ? 'ip' : 'ip6'
}

/** Returns the table that sees packets to and from this address. */
export function tableOfAddress(address: Address): TableFamily {
  return tableOf(familyOf(address))
}

/** Returns the family of the packets that a table sees. */
export function familyOfTable(table: TableFamily): IpFamily {
  return table === 'ip' ? 'ipv4' : 'ipv6'
}
