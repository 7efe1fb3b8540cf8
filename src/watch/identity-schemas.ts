import type * as z from 'zod'
import { fields, namespaceName, objectName } from '../decode/fields.ts'
import { serviceLabel, serviceLabelValue } from './service-label.ts'

const namespaced = { name: objectName, namespace: namespaceName }

export const namespacedIdentity: z.ZodType = fields({ metadata: fields(namespaced) })

/** The label is part of the identity: without it the Service of the slice is unknown. */
export const sliceIdentity: z.ZodType = fields({
  metadata: fields({
    ...namespaced,
    labels: fields({ [serviceLabel]: serviceLabelValue }).nullish(),
  }),
})

export const clusterIdentity: z.ZodType = fields({ metadata: fields({ name: objectName }) })
