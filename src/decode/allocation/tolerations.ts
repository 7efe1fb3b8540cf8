import type { Toleration } from '../../allocate/taints.ts'
import type { Labels } from '../../model/label-selector.ts'
import { readDocuments } from '../documents.ts'
import { emptyOr, fields, list, parseFields, text } from '../fields.ts'
import { joinPath, type Report, said } from '../problem.ts'
import { tolerationsAnnotation } from './annotations.ts'

const tolerationSchema = fields({
  key: text.nullish(),
  operator: emptyOr(['Equal', 'Exists']),
  value: text.nullish(),
  effect: emptyOr(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
})

const PATH = joinPath('metadata.annotations', tolerationsAnnotation)

/**
 * Returns the taints that a Service tolerates by k3s ServiceLB's annotation, a list of tolerations
 * in JSON or YAML; a bad one is reported and left out.
 */
export function readTolerations(annotations: Labels, report: Report): readonly Toleration[] {
  const written = annotations.get(tolerationsAnnotation)
  if (!written) return []
  const { values, problems } = readDocuments(written, '')
  for (const { path, found } of problems) {
    report.error(PATH, said(`${found} in ${path}`), 'JSON or YAML')
  }
  const [document] = values
  if (document === undefined) return []
  const entries = parseFields(list, document, PATH, report) ?? []
  return entries.flatMap((entry, i) => readToleration(entry, joinPath(PATH, i), report) ?? [])
}

/** Without a key, `Exists` tolerates every taint, and `Equal` is refused by the API server. */
function readToleration(value: unknown, path: string, report: Report): Toleration | undefined {
  const read = parseFields(tolerationSchema, value, path, report)
  if (read === undefined) return undefined
  const exists = read.operator === 'Exists'
  if (!exists && !read.key) {
    report.error(joinPath(path, 'key'), read.key, 'the key of a taint, or operator Exists')
    return undefined
  }
  return {
    key: read.key || undefined,
    value: exists ? undefined : (read.value ?? ''),
    effect: read.effect || undefined,
  }
}
