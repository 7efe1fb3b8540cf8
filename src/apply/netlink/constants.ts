// Names as in the kernel's uapi headers: linux/netlink.h, linux/netfilter/nfnetlink.h and
// linux/netfilter/nf_tables.h.

export const NETLINK_NETFILTER = 12

export const NLMSG_HDRLEN = 16
export const NFGENMSG_LEN = 4

export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3

export const NLM_F_REQUEST = 0x1
export const NLM_F_ACK = 0x4
export const NLM_F_DUMP_INTR = 0x10
export const NLM_F_DUMP = 0x300
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800

/** Used only in NLMSG_ERROR: the failed message is quoted without its payload. */
export const NLM_F_CAPPED = 0x100
/** Used only in NLMSG_ERROR: attributes of the extended acknowledgement follow. */
export const NLM_F_ACK_TLVS = 0x200

export const NLMSGERR_ATTR_MSG = 1
export const NLMSGERR_ATTR_OFFS = 2

/** Attribute types carry two flags in their high bits: NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
export const NLA_TYPE_MASK = 0x3fff

export const NFNL_SUBSYS_NFTABLES = 10
export const NFNL_MSG_BATCH_BEGIN = 0x10
export const NFNL_MSG_BATCH_END = 0x11
export const NFNL_BATCH_GENID = 1

/** Multicast group in which nf_tables announces every commit. */
export const NFNLGRP_NFTABLES = 7

export const NFT_MSG_NEWGEN = 15
export const NFT_MSG_GETGEN = 16
export const NFTA_GEN_ID = 1

export const SOL_SOCKET = 1
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_ATTACH_FILTER = 26
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33
export const SO_MEMINFO = 55
/** What SO_MEMINFO returns: numbers of 32 bits, and which of them counts lost messages (linux/sock_diag.h). */
export const SK_MEMINFO_VARS = 9
export const SK_MEMINFO_DROPS = 8

/** Flags of recv (linux/socket.h). */
export const MSG_PEEK = 0x2
export const MSG_DONTWAIT = 0x40

export const SOL_NETLINK = 270
export const NETLINK_NO_ENOBUFS = 5
export const NETLINK_CAP_ACK = 10
export const NETLINK_EXT_ACK = 11
