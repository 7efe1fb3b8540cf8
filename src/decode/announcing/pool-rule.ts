import type { PoolRule } from '../../announce/objects.ts'
import { readNames, readSelectors } from '../entries.ts'
import type { FieldReader } from '../field-reader.ts'

/** The fields with which an advertisement of any kind says for which pools it is. */
interface PoolFields {
  readonly ipAddressPools?: unknown
  readonly ipAddressPoolSelectors?: unknown
}

/** Returns which pools an advertisement is for; undefined: all. A bad entry is left out. */
export function readPoolRule(
  spec: PoolFields | null | undefined,
  reader: FieldReader,
): PoolRule | undefined {
  const names = readNames(spec?.ipAddressPools, 'spec.ipAddressPools', reader)
  const path = 'spec.ipAddressPoolSelectors'
  const selectors = readSelectors(spec?.ipAddressPoolSelectors, path, reader)
  if (!names.asked && !selectors.asked) return undefined
  return { names: names.entries, selectors: selectors.entries }
}
