/**
 * Attributes of the expressions in <linux/netfilter/nf_tables.h>, as far as they are used. Each is
 * named as there: `NFTA_CMP.sreg` is NFTA_CMP_SREG.
 */

export const NFTA_EXPR = { name: 1, data: 2 } as const
export const NFTA_PAYLOAD = { dreg: 1, base: 2, offset: 3, len: 4 } as const
export const NFTA_META = { dreg: 1, key: 2, sreg: 3 } as const
export const NFTA_CT = { dreg: 1, key: 2, direction: 3 } as const
export const NFTA_BITWISE = { sreg: 1, dreg: 2, len: 3, mask: 4, xor: 5 } as const
export const NFTA_CMP = { sreg: 1, op: 2, data: 3 } as const
export const NFTA_LOOKUP = { set: 1, sreg: 2, dreg: 3, setId: 4, flags: 5 } as const
export const NFTA_DYNSET = { setName: 1, op: 3, sregKey: 4, timeout: 6 } as const
export const NFTA_NG = { dreg: 1, modulus: 2, type: 3, offset: 4 } as const
export const NFTA_HASH = { sreg: 1, dreg: 2, len: 3, modulus: 4, seed: 5, type: 7 } as const
export const NFTA_FIB = { dreg: 1, result: 2, flags: 3 } as const
export const NFTA_NAT = { type: 1, family: 2, regAddrMin: 3, regProtoMin: 5 } as const
export const NFTA_MASQ = { flags: 1 } as const
export const NFTA_REJECT = { type: 1, icmpCode: 2 } as const
export const NFTA_COUNTER = { packets: 2 } as const
export const NFTA_IMMEDIATE = { dreg: 1, data: 2 } as const

/** Values of attributes: NFT_CMP_*, NFT_DYNSET_OP_* and others. */
export const NFT_CMP = { eq: 0, neq: 1 } as const
export const NFT_DYNSET_OP = { update: 1, delete: 2 } as const
export const NFT_REG_VERDICT = 0
export const NFT_LOOKUP_F_INV = 1
export const NFT_NG_RANDOM = 1
export const NFT_HASH_JENKINS = 0
export const NFT_FIB_RESULT_ADDRTYPE = 3
export const NFT_NAT_DNAT = 1
