import { type ParsedNode, parseAllDocuments, type Document as YamlDocument } from 'yaml'
import { type Problem, type Report, said, report as startReport } from '../watch/problem.ts'

/** The YAML parser's tree is some forty times its document; JSON has no such tree. */
const yamlLimit = 32 * 1024 * 1024

/** JSON that fails to parse is tried as YAML (whose flow style it may be) up to this size. */
const retryLimit = 1024 * 1024

export interface Documents {
  readonly values: readonly unknown[]
  readonly problems: readonly Problem[]
}

/** The documents of a YAML or JSON text; a document that cannot be read spares the others. */
export function readDocuments(text: string, source: string): Documents {
  const report = startReport(source)
  const bare = text.startsWith('\ufeff') ? text.slice(1) : text
  const values = /^\s*\{/.test(bare) ? readJson(bare, source, report) : readYaml(bare, report)
  return { values, problems: report.problems }
}

function readJson(text: string, source: string, report: Report): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch (error) {
    if (!source.endsWith('.json') && text.length <= retryLimit) return readYaml(text, report)
    const message = messageOf(error)
    const position = /at position (\d+)/.exec(message)?.[1]
    const line = lineAt(text, position === undefined ? text.length : Number(position))
    report.error(`line ${line}`, said(`a syntax error (${message})`), 'JSON')
    return []
  }
}

function readYaml(text: string, report: Report): unknown[] {
  const values: unknown[] = []
  let line = 1
  for (const part of splitDocuments(text)) {
    readPart(part, line, values, report)
    line += lineAt(part, part.length) - 1
  }
  return values
}

/**
 * `---` at the start of a line ends a document wherever it stands, in a block or a quoted text too
 * (YAML 1.2.2, 9.1.2), so each document can be parsed alone and none can swallow the next.
 */
function splitDocuments(text: string): string[] {
  return text.split(/^(?=---(?:\s|$))/m)
}

function readPart(part: string, firstLine: number, values: unknown[], report: Report): void {
  // Nothing but comments and directives, as before the first `---`.
  if (/^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*(?:[ \t]*(?:#.*)?|%.*)$/.test(part)) return
  if (part.length > yamlLimit) {
    const found = said(`a YAML document of ${megabytes(part.length)} MB`)
    report.error(`line ${firstLine}`, found, 'at most 32 MB, or JSON')
    return
  }
  try {
    for (const document of parse(part)) {
      const [error] = document.errors
      if (error === undefined) {
        const value: unknown = structuredClone(document.toJS({ maxAliasCount: 100 }))
        if (value !== null && value !== undefined) values.push(value)
      } else {
        const line = firstLine + lineAt(part.trimEnd(), error.pos[0]) - 1
        report.error(`line ${line}`, said(`a syntax error (${firstLineOf(error.message)})`), 'YAML')
      }
    }
  } catch (error) {
    // Aliases that multiply, or nesting deeper than the stack.
    const reason = firstLineOf(messageOf(error))
    report.error(`line ${firstLine}`, said(`a document too large to read (${reason})`), 'YAML')
  }
}

function parse(part: string): readonly YamlDocument.Parsed<ParsedNode>[] {
  const documents = parseAllDocuments(part, {
    schema: 'core',
    merge: true,
    logLevel: 'silent',
    prettyErrors: false,
  })
  return Array.isArray(documents) ? documents : []
}

/** The line of a position; of one past the end, the last line. */
function lineAt(text: string, position: number): number {
  let line = 1
  for (let i = text.indexOf('\n'); i >= 0 && i < position; i = text.indexOf('\n', i + 1)) line++
  return line
}

function firstLineOf(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function megabytes(characters: number): number {
  return Math.round(characters / (1024 * 1024))
}
