import { type Problem, printProblem } from '../../src/decode/problem.ts'

/** Returns what was told, without the source and the object, which are the same for each test. */
export function said(problems: readonly Problem[]): readonly string[] {
  return problems.map((problem) =>
    printProblem({ ...problem, source: '', kind: undefined, name: undefined }),
  )
}
