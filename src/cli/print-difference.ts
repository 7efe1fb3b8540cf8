import pc from 'picocolors'
import { visible } from '../decode/problem.ts'
import { present } from '../model/present.ts'
import type { ExplainedOperation, Group, Sign } from '../plan/explain.ts'
import type { Line } from '../view/change-lines.ts'
import type { Change, PortChange, ServiceDifference } from '../view/service-difference.ts'
import type { Output } from './output.ts'
import { COLOURS, count, printGroup } from './print-plan.ts'
import { wrapped } from './wrapped.ts'

interface Look extends Pick<Output, 'colour' | 'columns'> {
  /** True to show each operation. */
  readonly full: boolean
}

/** Returns what a plan changes as text: an entry for each Service port, and a line that sums up. */
export function printDifference(difference: ServiceDifference, look: Look): string {
  const { ports, shared, drift } = difference
  const parts = [
    ...ports.map((port) => printPort(port, look)),
    ...(look.full ? shared.map((group) => printGroup(group, look.colour)) : []),
    printDrift(drift, look),
  ].filter((part) => part !== '')
  const summary = `${summaryOf(difference)}\n`
  return parts.length === 0 ? summary : `${parts.join('')}\n${summary}`
}

export const SIGNS: Readonly<Record<Change, Sign>> = { added: '+', changed: '~', removed: '-' }

function printPort(
  { title, addresses, change, lines, operations }: PortChange,
  look: Look,
): string {
  const { colour, columns, full } = look
  const paint = pc.createColors(colour)
  const sign = SIGNS[change]
  const head = wrapped([`${sign} ${visible(title)} `, ...withCommas(addresses)], columns, '    ')
  return [
    ...head.map((line) => paint[COLOURS[sign]](line)),
    ...lines.flatMap((line) => printLine(line, columns)),
    ...(full ? operations.map((operation) => printOperation(operation, look)) : []),
    '',
  ].join('\n')
}

/** Where notes begin, so that those of several lines stand below each other. */
const NOTE_AT = 37

function printLine({ sign, words, note }: Line, columns: number | undefined): readonly string[] {
  const lines = wrapped([`    ${sign}`, ...words], columns, '      ')
  const last = present(lines.at(-1))
  if (note === '') return lines
  const beside = `${last.padEnd(NOTE_AT - 2)}  ${note}`
  const fits = columns === undefined || beside.length <= columns
  return fits ? [...lines.slice(0, -1), beside] : [...lines, `      ${note}`]
}

function printOperation({ sign, text }: ExplainedOperation, { colour }: Look): string {
  return pc.createColors(colour)[COLOURS[sign]](`      ${sign} ${text}`)
}

/** The most operations that are listed without `--full`; the rest is counted. */
const MOST_LISTED = 20

function printDrift(drift: readonly Group[], look: Look): string {
  const operations = drift.flatMap((group) => group.operations)
  if (operations.length === 0) return ''
  const shown = look.full ? operations : operations.slice(0, MOST_LISTED)
  const more = operations.length - shown.length
  return [
    pc.createColors(look.colour).bold('not explained by any Service'),
    ...shown.map((operation) => printOperation(operation, look).replace('      ', '    ')),
    ...(more > 0 ? [`    and ${more} more; --full shows them`] : []),
    '',
  ].join('\n')
}

/** Returns how many Services change, and by how many operations. */
export function summaryOf({ counts, operations, isOneTransaction }: ServiceDifference): string {
  const done = count(operations, 'operation')
  if (operations === 0) return done
  const [first, ...rest] = (['added', 'changed', 'removed'] as const).flatMap((change) => {
    return counts[change] === 0 ? [] : { change, number: counts[change] }
  })
  const how = isOneTransaction ? `${done} in one transaction` : done
  if (first === undefined) return `No Service changes; ${how}.`
  const others = rest.map(({ change, number }) => `, ${number} ${change}`)
  return `${count(first.number, 'Service')} ${first.change}${others.join('')}; ${how}.`
}

function withCommas(texts: readonly string[]): readonly string[] {
  return texts.map((text, at) => (at < texts.length - 1 ? `${text},` : text))
}
