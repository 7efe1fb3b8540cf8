import { nameOf, parseFields } from '../decode/fields.ts'
import { type Problem, unidentified } from '../decode/problem.ts'
import { type Resource, resources } from './resources.ts'

/**
 * Returns the reasons why it is unknown which Service or Node an object of a file is about; empty
 * if it is known. Such an object may be any of its kind, so no object of that kind counts as gone.
 */
export function identityProblems(
  resource: Resource,
  value: unknown,
  source: string,
): readonly Problem[] {
  const { kind, namespaced, identity } = resources[resource]
  const report = unidentified(source, kind, nameOf(value, namespaced))
  parseFields(identity, value, '', report)
  return report.problems
}
