/** Names and numbers of linux/rtnetlink.h, linux/if_link.h and linux/if_addr.h, as far as used. */

export const NETLINK_ROUTE = 0

export const MESSAGE = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
} as const

/** Group in which links are announced (RTNLGRP_LINK). */
export const LINK_GROUP = 1
/** Group in which IPv6 addresses of interfaces are announced (RTNLGRP_IPV6_IFADDR). */
export const IPV6_ADDRESS_GROUP = 9

/** IFF_* of linux/if.h. */
export const LINK_FLAG = { up: 0x1, broadcast: 0x2, noArp: 0x80, lowerUp: 0x10000 } as const
/** ARPHRD_ETHER of linux/if_arp.h. */
export const ETHERNET = 1

/** Bytes of ifinfomsg and ifaddrmsg. */
export const LINK_HEADER = 16
export const ADDRESS_HEADER = 8

export const LINK = { address: 1, name: 3, master: 10, info: 18, alias: 20 } as const
export const LINK_INFO = { kind: 1, memberKind: 4 } as const

export const ADDRESS = { address: 1, local: 2 } as const

/** RT_SCOPE_LINK of linux/rtnetlink.h: link-local addresses of IPv6. */
export const SCOPE_LINK = 253

/** An IPv6 address is used at once, without asking on the link whether another host has it. */
export const IFA_F_NODAD = 0x02

export const ADDRESS_FAMILY = { ipv4: 2, ipv6: 10 } as const

/** RTM_*NEIGH, and NTF_PROXY: an entry says for which addresses of others an interface listens. */
export const NEIGHBOUR = { new: 28, delete: 29, get: 30 } as const
export const NEIGHBOUR_HEADER = 12
export const NTF_PROXY = 0x08
/** NDA_DST and NDA_PROTOCOL. */
export const NEIGHBOUR_ATTRIBUTE = { destination: 1, protocol: 12 } as const
