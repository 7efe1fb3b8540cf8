import type { Cidr } from './address.ts'

/** Which of the two programs that are called iptables: each has tables of its own in the kernel. */
export const iptablesFlavours = ['auto', 'legacy', 'nft'] as const

/** What the operator chose for the iptables backend. */
export interface IptablesSettings {
  /** `auto`: the one that the host uses. */
  readonly flavour: (typeof iptablesFlavours)[number]
  /** Ranges of 127.0.0.0/8 on which NodePorts are served besides; other backends cannot. */
  readonly loopbackNodePorts: readonly Cidr[]
}
