import * as z from 'zod'
import type { ServiceName } from '../../model/service-name.ts'
import { fields, list, namespaceName, objectName, parseFields } from '../fields.ts'
import type { Report } from '../problem.ts'

/** An EndpointSlice with its endpoints as they came. */
interface ReadSlice {
  readonly service: ServiceName
  readonly endpoints: readonly unknown[]
}

const serviceLabel = 'kubernetes.io/service-name'

const serviceName = z
  .union([z.literal(''), objectName], { error: 'the name of a Service' })
  .nullish()

const sliceSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    labels: fields({ [serviceLabel]: serviceName }).nullish(),
  }),
  endpoints: list.nullish(),
})

/**
 * Returns which Service an EndpointSlice belongs to, and its endpoints; `no-service` if it names none,
 * and undefined, with a problem, if that cannot be read.
 */
export function readSlice(json: unknown, report: Report): ReadSlice | 'no-service' | undefined {
  const read = parseFields(sliceSchema, json, '', report)
  if (read === undefined) return undefined
  const { metadata, endpoints } = read
  const name = metadata.labels?.[serviceLabel]
  if (!name) return 'no-service'
  return { service: `${metadata.namespace || 'default'}/${name}`, endpoints: endpoints ?? [] }
}
