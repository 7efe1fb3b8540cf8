import type { Cidr } from './address.ts'
import type { IptablesSettings } from './iptables.ts'
import { defaultIpvsSettings, type IpvsSettings } from './ipvs.ts'

/** What programs the node, with what the operator chose for it alone. */
export type Backend = NftablesBackend | IptablesBackend | IpvsBackend

/** Tables of nftables spread the connections. */
interface NftablesBackend {
  readonly kind: 'nftables'
}

/** Chains of iptables do, of one flavour. */
export interface IptablesBackend extends IptablesSettings {
  readonly kind: 'iptables'
}

/** Virtual servers of ipvs do, with a table of nftables beside them. */
export interface IpvsBackend extends IpvsSettings {
  readonly kind: 'ipvs'
}

export type BackendKind = Backend['kind']

export const nftablesBackend: NftablesBackend = { kind: 'nftables' }

/** Ranges of 127.0.0.0/8 on which NodePorts are served besides; none with other backends than iptables. */
export function loopbackNodePortsOf({ backend }: { readonly backend: Backend }): readonly Cidr[] {
  return backend.kind === 'iptables' ? backend.loopbackNodePorts : []
}

/** What was chosen for ipvs; the defaults with another backend, for what an earlier one left. */
export function ipvsOf({ backend }: { readonly backend: Backend }): IpvsSettings {
  return backend.kind === 'ipvs' ? backend : defaultIpvsSettings
}
