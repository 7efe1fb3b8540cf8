import type { Cidr } from './address.ts'
import type { IptablesSettings } from './iptables.ts'
import { defaultIpvsSettings, type IpvsSettings } from './ipvs.ts'

/** The backend that programs the node, with its own settings. */
export type Backend = NftablesBackend | IptablesBackend | IpvsBackend

/** Tables of nftables balance the connections. */
interface NftablesBackend {
  readonly kind: 'nftables'
}

/** Chains of iptables, of one flavour, balance the connections. */
export interface IptablesBackend extends IptablesSettings {
  readonly kind: 'iptables'
}

/** Virtual servers of ipvs balance the connections, with a table of nftables beside them. */
export interface IpvsBackend extends IpvsSettings {
  readonly kind: 'ipvs'
}

export type BackendKind = Backend['kind']

const OFFERED: Readonly<Record<BackendKind, true>> = { nftables: true, ipvs: true, iptables: true }

/** The names of all backends, in the order in which they are offered. */
export const BACKEND_KINDS: readonly BackendKind[] = Object.keys(OFFERED) as BackendKind[]

export const nftablesBackend: NftablesBackend = { kind: 'nftables' }

/** Returns the ranges of 127.0.0.0/8 that serve NodePorts too; with iptables only. */
export function loopbackNodePortsOf({ backend }: { readonly backend: Backend }): readonly Cidr[] {
  return backend.kind === 'iptables' ? backend.loopbackNodePorts : []
}

/** Returns the settings for ipvs; with another backend the defaults, to find what ipvs left. */
export function ipvsOf({ backend }: { readonly backend: Backend }): IpvsSettings {
  return backend.kind === 'ipvs' ? backend : defaultIpvsSettings
}
