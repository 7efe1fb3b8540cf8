import { decodeExcludedInterfaces } from './excluded-interfaces.ts'
import { decodeOldConfiguration } from './old-config-map.ts'

type Decoded = Exclude<
  ReturnType<typeof decodeExcludedInterfaces> | ReturnType<typeof decodeOldConfiguration>,
  { readonly kind: 'ignored' }
>

/** Reads a ConfigMap that announcing depends on; all others are ignored. */
export function decodeAnnouncingConfigMap(
  json: unknown,
  source: string,
): Decoded | { readonly kind: 'ignored'; readonly problems: Decoded['problems'] } {
  const excluded = decodeExcludedInterfaces(json, source)
  return excluded.kind === 'ignored' ? decodeOldConfiguration(json, source) : excluded
}
