import * as z from 'zod'
import { fields, nameOf, namespaceName, objectName, parseFields } from '../decode/fields.ts'
import { type Problem, unidentified } from '../decode/problem.ts'
import type { Resource } from './source.ts'

/** The label by which a slice names its Service. */
export const serviceLabel = 'kubernetes.io/service-name'

/** Empty is the same as absent, as in kube-proxy. */
export const serviceLabelValue: z.ZodType<string | null | undefined> = z
  .union([z.literal(''), objectName], { error: 'the name of a Service' })
  .nullish()

export const kindOf: Readonly<Record<Resource, string>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
  nodes: 'Node',
}

const namespaced = { name: objectName, namespace: namespaceName }

const SCHEMAS: Readonly<Record<Resource, z.ZodType>> = {
  services: fields({ metadata: fields(namespaced) }),
  endpointslices: fields({
    metadata: fields({
      ...namespaced,
      labels: fields({ [serviceLabel]: serviceLabelValue }).nullish(),
    }),
  }),
  nodes: fields({ metadata: fields({ name: objectName }) }),
}

/**
 * Why it cannot be told which Service or Node an object of a file is about; empty where it can.
 * Such an object may be any of its kind, so nothing of that kind counts as gone.
 */
export function identityProblems(
  resource: Resource,
  value: unknown,
  source: string,
): readonly Problem[] {
  const report = unidentified(source, kindOf[resource], nameOf(value, resource !== 'nodes'))
  parseFields(SCHEMAS[resource], value, '', report)
  return report.problems
}
