export type ProxyMode = 'nftables' | 'iptables' | 'ipvs'

/** What the field may say; empty stands for the default. */
export const proxyModes = ['nftables', 'iptables', 'ipvs', ''] as const

/** A mode that kube-proxy does not know is refused by the schema. */
export function proxyModeOf(value: unknown): ProxyMode {
  return proxyModes.find((mode) => mode !== '' && mode === value) || 'iptables'
}
