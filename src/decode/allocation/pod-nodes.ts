import * as z from 'zod'
import type { PodNodes } from '../../allocate/nodes-world.ts'
import {
  fields,
  flag,
  list,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  text,
} from '../fields.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'

type DecodedPodNodes =
  | {
      readonly kind: 'pod-nodes'
      readonly podNodes: PodNodes
      readonly problems: readonly Problem[]
    }
  | {
      readonly kind: 'ignored'
      readonly reason: 'no-service'
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

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

const endpointSchema = fields({
  nodeName: text.nullish(),
  conditions: fields({ ready: flag.nullish() }).nullish(),
  targetRef: fields({ kind: text.nullish() }).nullish(),
})

/**
 * Reads the Nodes on which an EndpointSlice has ready endpoints that are Pods, as k3s ServiceLB
 * counts them for policy Local (pkg/cloudprovider/servicelb.go). A bad endpoint is reported and left
 * out.
 */
export function decodePodNodes(json: unknown, source: string): DecodedPodNodes {
  const report = startReport(source, 'EndpointSlice', nameOf(json, true))
  const { problems } = report
  const read = parseFields(sliceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, endpoints } = read
  const service = metadata.labels?.[serviceLabel]
  if (!service) return { kind: 'ignored', reason: 'no-service', problems }
  const nodes = new Set<string>()
  endpoints?.forEach((value, i) => {
    const endpoint = parseFields(endpointSchema, value, joinPath('endpoints', i), report)
    const ready = endpoint?.conditions?.ready ?? true
    if (endpoint?.targetRef?.kind === 'Pod' && ready && endpoint.nodeName) {
      nodes.add(endpoint.nodeName)
    }
  })
  const name = `${metadata.namespace || 'default'}/${service}`
  return { kind: 'pod-nodes', podNodes: { service: name, nodes: [...nodes] }, problems }
}
