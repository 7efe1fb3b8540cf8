import { nameOf, parseFields } from '../decode/fields.ts'
import { type Problem, unidentified } from '../decode/problem.ts'
import { type Resource, resources } from './resources.ts'

/**
 * Why it cannot be told which Service or Node an object of a file is about; empty where it can.
 * Such an object may be any of its kind, so nothing of that kind counts as gone.
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
