import { visible } from '../decode/problem.ts'
import type { Line } from '../view/change-lines.ts'
import type { PortChange, ServiceDifference } from '../view/service-difference.ts'
import { SIGNS, summaryOf } from './print-difference.ts'
import { count, printGroup } from './print-plan.ts'

/**
 * Returns what a plan changes as Markdown for a pull request: a table, and the operations folded
 * away. `more` is text about what the plan does not have.
 */
export function differenceAsMarkdown(difference: ServiceDifference, more: string): string {
  const { ports, shared, drift, operations } = difference
  const unexplained = drift.reduce((sum, group) => sum + group.operations.length, 0)
  const groups = [...ports.filter((port) => port.operations.length > 0), ...shared, ...drift]
  return [
    ...(ports.length === 0 ? [] : [...HEAD, ...ports.map(row), '']),
    ...(unexplained === 0
      ? []
      : [`Not explained by any Service: ${count(unexplained, 'operation')}.`, '']),
    summaryOf(difference),
    ...folded(
      count(operations, 'operation'),
      groups.map((group) => printGroup(group, false)).join(''),
    ),
    ...folded('what is announced', more),
    '',
  ].join('\n')
}

const HEAD = ['| | Service | Address | Change |', '|---|---|---|---|']

function row({ title, addresses, change, lines }: PortChange): string {
  const at = addresses.map((address) => `\`${address}\``).join(', ')
  return `| \`${SIGNS[change]}\` | ${visible(title)} | ${at} | ${lines.map(cell).join('<br>')} |`
}

function cell({ sign, words, note }: Line): string {
  return `\`${sign}\` ${words.join(' ')}${note === '' ? '' : ` (${note})`}`
}

function folded(summary: string, text: string): readonly string[] {
  if (text.trim() === '') return []
  const block = ['```', text.trim(), '```']
  return ['', `<details><summary>${summary}</summary>`, '', ...block, '', '</details>']
}
