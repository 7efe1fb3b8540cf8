import type { ExplainOptions } from '../arguments.ts'
import type { Question } from './packet-arguments.ts'
import type { ExplainLook } from './print.ts'

/** An answer in both forms. */
export interface Answered {
  readonly json: unknown
  readonly text: (look: ExplainLook) => string
}

/** How answers are laid out. */
interface ExplainLayout extends Pick<ExplainOptions, 'full'> {
  readonly sources: Pick<ExplainOptions['sources'], 'format'>
}

/** Returns all answers. A Service has one for each of its addresses, which JSON has as a list. */
export function joined(
  answers: readonly Answered[],
  { to }: Question,
  { sources, full }: ExplainLayout,
  colour: boolean,
): string {
  if (sources.format !== 'json') {
    return answers.map(({ text }) => text({ colour, full })).join('\n')
  }
  const [first, ...more] = answers.map(({ json }) => json)
  const value = to.kind === 'address' ? first : [first, ...more]
  return `${JSON.stringify(value, null, 2)}\n`
}
