export type ProxyMode = 'nftables' | 'iptables' | 'ipvs'

/** The values of the field; an empty one means the default. */
export const proxyModes = ['nftables', 'iptables', 'ipvs', ''] as const

/**
 * Returns the mode, iptables by default. Unknown modes count as iptables here; the schema refuses
 * them.
 */
export function proxyModeOf(value: unknown): ProxyMode {
  return proxyModes.find((mode) => mode !== '' && mode === value) || 'iptables'
}
