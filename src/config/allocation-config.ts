import * as z from 'zod'
import { flag, oneOf } from '../decode/fields.ts'
import {
  type AllocationSettings,
  addressSources,
  defaultAllocationSettings,
} from '../model/allocation-settings.ts'

const CLASSES = 'a list of names such as example.com/lb'
const PERCENT = 'a number from 1 to 100'

type Read = {
  readonly [Name in keyof AllocationSettings]?: AllocationSettings[Name] | null | undefined
}

/** The fields of a NodelbConfiguration that are about the allocation of addresses. */
export const allocationFields: {
  readonly [Name in keyof Read]-?: z.ZodType<Read[Name]>
} = {
  addresses: oneOf(addressSources).nullish(),
  onPoolChange: oneOf(['keep', 'move']).nullish(),
  loadBalancerClasses: z.array(z.string({ error: CLASSES }), { error: CLASSES }).nullish(),
  poolUsageWarning: z
    .int({ error: PERCENT })
    .min(1, { error: PERCENT })
    .max(100, { error: PERCENT })
    .nullish(),
  adoptFinalizers: flag.nullish(),
}

/** Returns the settings, with defaults for those that are missing. */
export function allocationOf(read: Read): AllocationSettings {
  const { addresses, onPoolChange, loadBalancerClasses, poolUsageWarning, adoptFinalizers } =
    defaultAllocationSettings
  return {
    addresses: read.addresses ?? addresses,
    onPoolChange: read.onPoolChange ?? onPoolChange,
    loadBalancerClasses: read.loadBalancerClasses ?? loadBalancerClasses,
    poolUsageWarning: read.poolUsageWarning ?? poolUsageWarning,
    adoptFinalizers: read.adoptFinalizers ?? adoptFinalizers,
  }
}
