import * as z from 'zod'
import type { LabelSelector, Labels } from '../model/label-selector.ts'
import { unreachable } from '../model/unreachable.ts'
import { fields, list, oneOf, parseFields, text } from './fields.ts'
import { joinPath, orList, type Report, said } from './problem.ts'

type Requirement = LabelSelector['requirements'][number]

const record = z.record(z.string(), z.unknown(), { error: 'an object' }).nullish()

const selectorSchema = fields({ matchLabels: record, matchExpressions: list.nullish() })

const expressionSchema = fields({
  key: z.string({ error: 'the key of a label' }).min(1, { error: 'the key of a label' }),
  operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(text, { error: 'a list of texts' }).nullish(),
})

/**
 * Returns the texts of an object such as metadata.labels or metadata.annotations; a value that is
 * no text is reported and left out.
 */
export function readTexts(value: unknown, path: string, report: Report): Labels {
  const texts = new Map<string, string>()
  for (const [key, each] of Object.entries(parseFields(record, value, path, report) ?? {})) {
    if (typeof each === 'string') texts.set(key, each)
    else report.error(joinPath(path, key), each, 'text, in quotes if need be')
  }
  return texts
}

/**
 * Returns a metav1.LabelSelector, or reports a problem and returns undefined. It is all or nothing:
 * without one of its requirements, a selector would select more than was meant.
 */
export function readSelector(
  value: unknown,
  path: string,
  report: Report,
): LabelSelector | undefined {
  const before = report.problems.length
  const read = parseFields(selectorSchema, value, path, report)
  if (read === undefined) return undefined
  refuseOthers(value, path, report)
  const equal = readTexts(read.matchLabels, joinPath(path, 'matchLabels'), report)
  const requirements: Requirement[] = [...equal].map(([key, each]) => {
    return { key, operator: 'in', values: [each] }
  })
  read.matchExpressions?.forEach((each, i) => {
    const requirement = readExpression(each, joinPath(path, 'matchExpressions', i), report)
    if (requirement !== undefined) requirements.push(requirement)
  })
  return report.problems.length === before ? { requirements } : undefined
}

/** Reports fields that no selector has: a misspelt one would select everything. */
function refuseOthers(value: unknown, path: string, report: Report): void {
  const known = ['matchLabels', 'matchExpressions']
  for (const key of Object.keys(value as object)) {
    if (!known.includes(key))
      report.error(joinPath(path, key), said('an unknown field'), orList(known))
  }
}

function readExpression(value: unknown, path: string, report: Report): Requirement | undefined {
  const read = parseFields(expressionSchema, value, path, report)
  if (read === undefined) return undefined
  const { key, operator } = read
  const values = read.values ?? []
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (wantsValues !== values.length > 0) {
    const expected = wantsValues ? 'at least one value' : `no values beside ${operator}`
    report.error(joinPath(path, 'values'), values, expected)
    return undefined
  }
  switch (operator) {
    case 'In':
      return { key, operator: 'in', values }
    case 'NotIn':
      return { key, operator: 'not-in', values }
    case 'Exists':
      return { key, operator: 'exists' }
    case 'DoesNotExist':
      return { key, operator: 'does-not-exist' }
    default:
      return unreachable(operator)
  }
}
