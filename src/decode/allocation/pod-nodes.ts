import type { PodNodes } from '../../allocate/nodes-world.ts'
import { fields, flag, nameOf, parseFields, text } from '../fields.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'
import { readSlice } from './slice.ts'

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
  const read = readSlice(json, report)
  if (read === undefined) return { kind: 'invalid', problems }
  if (read === 'no-service') return { kind: 'ignored', reason: read, problems }
  const { service, endpoints } = read
  const nodes = new Set<string>()
  endpoints.forEach((value, i) => {
    const endpoint = parseFields(endpointSchema, value, joinPath('endpoints', i), report)
    const ready = endpoint?.conditions?.ready ?? true
    if (endpoint?.targetRef?.kind === 'Pod' && ready && endpoint.nodeName) {
      nodes.add(endpoint.nodeName)
    }
  })
  return { kind: 'pod-nodes', podNodes: { service, nodes: [...nodes] }, problems }
}
