import { present } from '../model/present.ts'
/** What is wrong at one place of the input, in enough detail to act on. */
export interface Problem {
  /** error: the object or the named part is left out. note: it is used, but not as written. */
  readonly severity: 'error' | 'note'
  /** The file, or `stdin`. */
  readonly source: string
  readonly kind: string | undefined
  /** `namespace/name`, or the name alone for a Node. */
  readonly name: string | undefined
  /** `spec.ports[0].port`; empty when the problem is the whole object or file. */
  readonly path: string
  readonly found: string
  readonly expected: string
  /** What was done instead. */
  readonly effect: string | undefined
  /** True if it is unknown which object of its kind the problem is about. */
  readonly unidentified?: true
}

/** Collects the problems of one object while it is decoded. */
export interface Report {
  readonly problems: Problem[]
  /** Reports that the bad part is left out; `found` is the value as it is in the input. */
  error(path: string, found: unknown, expected: string): void
  /** Reports that the value is used, but not as written; `effect` says how. */
  note(path: string, found: unknown, expected: string, effect: string): void
}

/** A ready-made text for `found`, which is printed as it is; any other value is described. */
interface Said {
  readonly said: string
}

type Subject = Pick<Problem, 'source' | 'kind' | 'name' | 'unidentified'>

/** Returns an empty report on an object, or on a whole file if `kind` and `name` are missing. */
export function report(source: string, kind?: string, name?: string): Report {
  return reportOn({ source, kind, name })
}

/** Returns a report on an object that has nothing to distinguish it from others of its kind. */
export function unidentified(source: string, kind: string, name: string): Report {
  return reportOn({ source, kind, name, unidentified: true })
}

function reportOn(subject: Subject): Report {
  const problems: Problem[] = []
  return {
    problems,
    error(path, value, expected) {
      const found = describe(value)
      problems.push({ severity: 'error', ...subject, path, found, expected, effect: undefined })
    },
    note(path, value, expected, effect) {
      const found = describe(value)
      problems.push({ severity: 'note', ...subject, path, found, expected, effect })
    },
  }
}

/** Marks a text as ready-made for `found`. */
export function said(text: string): Said {
  return new Saying(text)
}

/** Prints `cluster.yaml: Service default/web: spec.ports[0].port: found 70000, expected …`. */
export function printProblem(problem: Problem): string {
  const subject = [problem.kind, problem.name].filter((part) => part !== undefined).join(' ')
  const what = `found ${problem.found}, expected ${problem.expected}`
  const place = [problem.source, subject, problem.path].filter((part) => part !== '')
  const effect = problem.effect === undefined ? '' : `; ${problem.effect}`
  return visible(`${[...place, what].join(': ')}${effect}`)
}

/**
 * Returns whether a file, document or object was left out and it is unknown which object it was.
 */
export function isGap({ severity, kind, unidentified: nameless }: Problem): boolean {
  return severity === 'error' && (kind === undefined || nameless === true)
}

/** Describes a value of the input in one short line. */
export function describe(value: unknown): string {
  if (value instanceof Saying) return value.said
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(shortened(value))
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

/** Joins `spec.ports`, `0` and `port` to `spec.ports[0].port`. */
export function joinPath(base: string, ...keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${path}[${JSON.stringify(shortened(name))}]`
    return path === '' ? name : `${path}.${name}`
  }, base)
}

/** Joins words to `a, b or c`. */
export function orList(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

/** This is a class, so that no value of the input can pass for a ready-made text. */
class Saying implements Said {
  readonly said: string
  constructor(text: string) {
    this.said = text
  }
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Returns the text with control and direction characters escaped, as terminals need it. */
export function visible(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (c) => `\\u${present(c.codePointAt(0)).toString(16).padStart(4, '0')}`,
  )
}
