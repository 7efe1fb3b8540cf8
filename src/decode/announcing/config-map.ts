import { decodeExcludedInterfaces } from './excluded-interfaces.ts'
import { decodeOldConfiguration } from './old-config-map.ts'

type Decoded = Exclude<
  ReturnType<typeof decodeExcludedInterfaces> | ReturnType<typeof decodeOldConfiguration>,
  { readonly kind: 'ignored' }
>

/**
 * Reads a ConfigMap that announcing depends on; all others are ignored. `former` is what was read of it
 * before.
 */
export function decodeAnnouncingConfigMap(
  json: unknown,
  source: string,
  former?: Exclude<Decoded, { readonly kind: 'invalid' }>,
): Decoded | { readonly kind: 'ignored'; readonly problems: Decoded['problems'] } {
  const excluded = decodeExcludedInterfaces(json, source)
  if (excluded.kind !== 'ignored') return excluded
  return decodeOldConfiguration(json, source, former?.kind === 'old' ? former.old : undefined)
}
