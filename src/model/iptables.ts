import type { Cidr } from './address.ts'

/** Which program called iptables is used; legacy and nft have their own tables in the kernel. */
export const iptablesFlavours = ['auto', 'legacy', 'nft'] as const

/** What the operator chose for the iptables backend. */
export interface IptablesSettings {
  /** `auto`: the one that the host uses. */
  readonly flavour: (typeof iptablesFlavours)[number]
  /** Ranges of 127.0.0.0/8 on which NodePorts are served too; no other backend can do that. */
  readonly loopbackNodePorts: readonly Cidr[]
}
