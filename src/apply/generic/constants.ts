/** Names as in linux/netlink.h and linux/genetlink.h, as far as used. */

export const NETLINK_GENERIC = 16

/** The family that lists the other families. */
export const GENL_ID_CTRL = 16

export const CONTROL = { getFamily: 3 } as const
export const CONTROL_ATTRIBUTE = { id: 1, name: 2 } as const
