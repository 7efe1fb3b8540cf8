import * as z from 'zod'
import { objectName, valueAt } from '../decode/fields.ts'

/** The label by which a slice names its Service. */
export const serviceLabel = 'kubernetes.io/service-name'

/** An empty value is the same as an absent label, as in kube-proxy. */
export const serviceLabelValue: z.ZodType<string | null | undefined> = z
  .union([z.literal(''), objectName], { error: 'the name of a Service' })
  .nullish()

/** The label marks objects that another proxy serves; kube-proxy leaves them alone, too. */
export const proxyLabel = 'service.kubernetes.io/service-proxy-name'

/** The label marks Services without an address of their own, and the slices of such Services. */
export const headlessLabel = 'service.kubernetes.io/headless'

/**
 * Returns the name of the Service that a slice names, even if the rest of the slice cannot be read;
 * undefined if it names none.
 */
export function labelledService(slice: unknown): string | undefined {
  const service = valueAt(slice, ['metadata', 'labels', serviceLabel])
  return typeof service === 'string' && service !== '' ? service : undefined
}
