import type { AnnouncedService } from '../../announce/objects.ts'
import { metallbAnnotation } from '../allocation/annotations.ts'
import { readHeld } from '../allocation/held.ts'
import {
  anything,
  emptyOr,
  fields,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  text,
} from '../fields.ts'
import { readTexts } from '../labels.ts'
import { type Problem, report as startReport } from '../problem.ts'

type DecodedService =
  | {
      readonly kind: 'service'
      readonly service: AnnouncedService
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'ignored'; readonly reason: 'type'; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** Whether and by whom a Service is announced follows from these: none of them is guessed. */
const serviceSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    labels: anything,
    annotations: anything,
  }),
  spec: fields({
    type: emptyOr(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
    loadBalancerClass: text.nullish(),
    externalTrafficPolicy: emptyOr(['Cluster', 'Local']),
  }),
  status: anything,
})

/**
 * Reads what a v1 Service says about announcing; those of other types than LoadBalancer are
 * ignored. A bad label, annotation or address is reported and left out.
 */
export function decodeAnnouncedService(json: unknown, source: string): DecodedService {
  const report = startReport(source, 'Service', nameOf(json, true))
  const { problems } = report
  const read = parseFields(serviceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, spec, status } = read
  if (spec.type !== 'LoadBalancer') return { kind: 'ignored', reason: 'type', problems }
  const annotations = readTexts(metadata.annotations, 'metadata.annotations', report)
  const service: AnnouncedService = {
    name: `${metadata.namespace || 'default'}/${metadata.name}`,
    labels: readTexts(metadata.labels, 'metadata.labels', report),
    class: spec.loadBalancerClass || undefined,
    addresses: readHeld(status, annotations, report).map(({ address }) => address),
    local: spec.externalTrafficPolicy === 'Local',
    shares: metallbAnnotation(annotations, 'allow-shared-ip') !== undefined,
  }
  return { kind: 'service', service, problems }
}
