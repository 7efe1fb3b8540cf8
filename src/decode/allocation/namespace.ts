import type { NamespaceObject } from '../../allocate/pool-objects.ts'
import { anything, fields, nameOf, objectName, parseFields } from '../fields.ts'
import { readTexts } from '../labels.ts'
import { type Problem, report as startReport } from '../problem.ts'

type DecodedNamespace =
  | {
      readonly kind: 'namespace'
      readonly namespace: NamespaceObject
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const namespaceSchema = fields({ metadata: fields({ name: objectName, labels: anything }) })

/** Reads the name and the labels of a v1 Namespace. It is `invalid` if it has no usable name. */
export function decodeNamespace(json: unknown, source: string): DecodedNamespace {
  const report = startReport(source, 'Namespace', nameOf(json, false))
  const { problems } = report
  const read = parseFields(namespaceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const labels = readTexts(read.metadata.labels, 'metadata.labels', report)
  return { kind: 'namespace', namespace: { name: read.metadata.name, labels }, problems }
}
