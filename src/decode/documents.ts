import { present } from '../model/present.ts'
import { parseAnyYaml } from './any-yaml.ts'
import { readBlockYaml } from './block-yaml.ts'
import { asLargeList, type LargeList, linesIn } from './large-list.ts'
import { type Problem, type Report, said, report as startReport } from './problem.ts'

/**
 * A global of every runtime (HTML Standard, 2.7.10); TypeScript has it only for browsers and Node.
 */
declare function structuredClone(value: unknown): unknown

/** The parser's tree takes some forty times the memory of its document; JSON has no such tree. */
const yamlLimit = 32 * 1024 * 1024

/** A List that has more characters than this is read item by item. */
export const LIST_LIMIT: number = 1024 * 1024

/** JSON of at most this size that fails to parse is tried as YAML, whose flow style it may be. */
const retryLimit = 1024 * 1024

/** How the message of V8 begins if something is where JSON cannot have it. */
const OF_TOKEN = 'Unexpected token'

export interface Documents {
  readonly values: readonly unknown[]
  readonly problems: readonly Problem[]
}

/**
 * Reads the documents of a YAML or JSON text. A document that cannot be read becomes a problem and
 * does not affect the others; nothing is thrown. `source` names the file in problems.
 */
export function readDocuments(text: string, source: string, limit: number = LIST_LIMIT): Documents {
  const report = startReport(source)
  const bare = withoutMark(text)
  const values = isJson(bare) ? readJson(bare, source, report) : readYaml(bare, report, limit)
  return { values, problems: report.problems }
}

/** Returns the text without the byte order mark before it. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** Returns whether a text begins as JSON does; YAML in flow style does, too. */
export function isJson(text: string): boolean {
  return /^\s*\{/.test(text)
}

function readJson(text: string, source: string, report: Report): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch (error) {
    if (!source.endsWith('.json') && text.length <= retryLimit)
      return readYaml(text, report, LIST_LIMIT)
    const { message } = error as Error
    const line = lineAt(text, positionOf(message, text))
    report.error(`line ${line}`, said(`a syntax error (${message})`), 'JSON')
    return []
  }
}

/** Returns the position of an error in JSON, or a position on the same line. */
function positionOf(message: string, text: string): number {
  if (!message.startsWith(OF_TOKEN)) {
    const position = /at position (\d+)/.exec(message)?.[1]
    return position === undefined ? text.length : Number(position)
  }
  // The message does not tell where the token is. Text that ends before it has no such error.
  let [before, behind] = [0, text.length]
  while (behind - before > 1 && text.slice(before, behind).includes('\n')) {
    const middle = Math.floor((before + behind) / 2)
    if (errorIn(text.slice(0, middle)).startsWith(OF_TOKEN)) behind = middle
    else before = middle
  }
  return before
}

/** Returns what JSON.parse says of a text, which is nothing if that is JSON. */
function errorIn(text: string): string {
  let message = ''
  try {
    JSON.parse(text)
  } catch (error) {
    message = (error as Error).message
  }
  return message
}

function readYaml(text: string, report: Report, limit: number): unknown[] {
  const values: unknown[] = []
  let line = 1
  for (const part of splitDocuments(text)) {
    for (const value of valuesOfPart(part, line, limit, report)) values.push(value)
    line += linesIn(part)
  }
  return values
}

/**
 * Splits a text so that each document is parsed alone and none can swallow the next: `---` at the
 * start of a line ends a document even inside a block or a quoted text (YAML 1.2.2, 9.1.2).
 */
function splitDocuments(text: string): string[] {
  return text.split(/^(?=---(?:\s|$))/m)
}

/** Reads one document, which begins on `firstLine`: a List of more than `limit` characters item by item. */
export function valuesOfPart(
  part: string,
  firstLine: number,
  limit: number,
  report: Report,
): readonly unknown[] {
  // The part has only comments and directives, such as those before the first `---`.
  if (/^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*(?:[ \t]*(?:#.*)?|%.*)$/.test(part)) return []
  const list = part.length > limit ? asLargeList(part) : undefined
  if (list !== undefined) return listIn(list, firstLine, report)
  if (part.length <= yamlLimit) return valuesIn(part, firstLine, report)
  const values: unknown[] = []
  if (readInBlockStyle(part, values)) return values
  const found = said(`a YAML document of ${megabytes(part.length)} MB`)
  report.error(`line ${firstLine}`, found, 'at most 32 MB, a List in block style, or JSON')
  return []
}

function listIn(list: LargeList, firstLine: number, report: Report): readonly unknown[] {
  const [envelope, ...more] = valuesIn(list.envelope, firstLine, report)
  const items: unknown[] = []
  for (const { text, line } of list.items) {
    items.push(...valuesIn(text, firstLine + line - 1, report).flat())
  }
  return typeof envelope === 'object' ? [{ ...envelope, items }, ...more] : more
}

/** Returns what a text without marks between documents has, in any style. */
export function valuesIn(text: string, firstLine: number, report: Report): readonly unknown[] {
  const values: unknown[] = []
  if (!readInBlockStyle(text, values)) readAnyStyle(text, firstLine, values, report)
  return values
}

/** Returns false for a text that is in another style than kubectl's, or that has errors. */
function readInBlockStyle(text: string, values: unknown[]): boolean {
  const value = readBlockYaml(text)
  if (value === undefined) return false
  // A text in the value would keep in memory the whole file that it is a part of.
  values.push(structuredClone(value))
  return true
}

function readAnyStyle(part: string, firstLine: number, values: unknown[], report: Report): void {
  try {
    for (const document of parseAnyYaml(part)) {
      const [error] = document.errors
      if (error === undefined) {
        const value: unknown = structuredClone(document.toJS({ maxAliasCount: 100 }))
        if (value !== null && value !== undefined) values.push(value)
      } else {
        const line = firstLine + lineAt(part.trimEnd(), error.pos[0]) - 1
        report.error(`line ${line}`, said(reasonOf(error.message)), 'YAML')
      }
    }
  } catch (error) {
    report.error(`line ${firstLine}`, said(reasonOf((error as Error).message)), 'YAML')
  }
}

/** Turns an error of the parser into words that tell the user what to do. */
function reasonOf(message: string): string {
  const reason = firstLineOf(message)
  if (/^Excessive alias count/.test(reason)) return `a document too large to read (${reason})`
  if (/call stack/.test(reason)) return 'a document that is nested too deep'
  if (/^Merge sources/.test(reason))
    return 'a merge key (<<) of what is no mapping in this document'
  return `a syntax error (${reason})`
}

/** Returns the line of a position, from 1; for a position past the end, the last line. */
function lineAt(text: string, position: number): number {
  return linesIn(text.slice(0, position)) + 1
}

function firstLineOf(text: string): string {
  return present(text.split('\n', 1)[0])
}

function megabytes(characters: number): number {
  return Math.round(characters / (1024 * 1024))
}
