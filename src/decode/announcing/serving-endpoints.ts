import type { ServingEndpoints } from '../../announce/objects.ts'
import { readSlice } from '../allocation/slice.ts'
import { fields, flag, nameOf, parseFields, text, valueAt } from '../fields.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'

type DecodedEndpoints =
  | {
      readonly kind: 'endpoints'
      readonly endpoints: ServingEndpoints
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
  conditions: fields({ ready: flag.nullish(), serving: flag.nullish() }).nullish(),
})

/**
 * Reads on which Nodes an EndpointSlice has endpoints that can serve, as MetalLB counts them: one
 * that is ready (or does not say), or serving while it ends. A bad endpoint is reported and left out.
 */
export function decodeServingEndpoints(json: unknown, source: string): DecodedEndpoints {
  const report = startReport(source, 'EndpointSlice', nameOf(json, true))
  const { problems } = report
  const read = readSlice(json, report)
  if (read === undefined) return { kind: 'invalid', problems }
  if (read === 'no-service') return { kind: 'ignored', reason: read, problems }
  const { service, endpoints } = read
  const hosted = new Map<string, string[]>()
  const staying = new Set<string>()
  let any = false
  endpoints.forEach((value, i) => {
    const endpoint = parseFields(endpointSchema, value, joinPath('endpoints', i), report)
    if (endpoint === undefined) return
    const { ready, serving } = endpoint.conditions ?? {}
    if (!(ready ?? true) && !serving) return
    any = true
    const { nodeName } = endpoint
    if (!nodeName) return
    if (ready ?? true) staying.add(nodeName)
    const known = hosted.get(nodeName) ?? []
    const address = valueAt(value, ['addresses', 0])
    hosted.set(nodeName, typeof address === 'string' ? [...known, address] : known)
  })
  const nodes = [...hosted.keys()]
  const ending = nodes.filter((node) => !staying.has(node))
  const found = { service, any, nodes, hosted, ...(ending.length > 0 && { ending }) }
  return { kind: 'endpoints', endpoints: found, problems }
}
