import { readDocuments } from '../documents.ts'
import { readEntries } from '../entries.ts'
import { FieldReader } from '../field-reader.ts'
import { nameOf, parseFields, text, valueAt } from '../fields.ts'
import { isPattern, PATTERN } from '../pattern.ts'
import { joinPath, type Problem, said, report as startReport } from '../problem.ts'

type DecodedExclusions =
  | {
      readonly kind: 'exclusions'
      /** Regular expressions for the names of interfaces. */
      readonly patterns: readonly string[]
      readonly problems: readonly Problem[]
    }
  /** The ConfigMap is about something else. */
  | {
      readonly kind: 'ignored'
      readonly reason: 'no-exclusions'
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const FIELD = 'announcedInterfacesToExclude'

/**
 * Reads the ConfigMap `metallb-excludel2`, with which MetalLB is told on which interfaces it announces
 * nothing; ConfigMaps of other names are ignored. A bad expression is reported and left out.
 */
export function decodeExcludedInterfaces(json: unknown, source: string): DecodedExclusions {
  const report = startReport(source, 'ConfigMap', nameOf(json, true))
  const { problems } = report
  if (valueAt(json, ['metadata', 'name']) !== 'metallb-excludel2') {
    return { kind: 'ignored', reason: 'no-exclusions', problems }
  }
  const [key, content] = contentOf(valueAt(json, ['data']))
  const path = joinPath('data', key)
  const read = parseFields(text, content, path, report)
  if (read === undefined) return { kind: 'invalid', problems }
  const documents = readDocuments(read, source)
  for (const { path: place, found } of documents.problems) {
    report.error(path, said(`${found} in ${place}`), 'YAML')
  }
  const listed = valueAt(documents.values[0], [FIELD])
  if (listed === undefined) {
    report.error(joinPath(path, FIELD), undefined, 'a list of regular expressions')
    return { kind: 'invalid', problems }
  }
  const place = joinPath(path, FIELD)
  const { entries } = readEntries(listed, place, new FieldReader(report), (each, at) => {
    if (isPattern(each)) return each
    report.error(at, each, PATTERN)
    return undefined
  })
  return { kind: 'exclusions', patterns: entries, problems }
}

/** MetalLB reads `excludel2.yaml`, the name of the file in its speakers. */
function contentOf(data: unknown): readonly [key: string, content: unknown] {
  const entries = Object.entries(data ?? {})
  const found = entries.find(([, value]) => typeof value === 'string' && value.includes(FIELD))
  return found ?? ['excludel2.yaml', valueAt(data, ['excludel2.yaml'])]
}
