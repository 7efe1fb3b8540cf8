import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// The linter has such limits, too, but counts neither comments nor lines that close a bracket.

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const sources: ReadonlyMap<string, readonly string[]> = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [
      file,
      readFileSync(src + file, 'utf8')
        .trimEnd()
        .split('\n'),
    ]),
)

/** The first line of a body, as the formatter writes it. */
const OPENS = /(?:=>|\)|\)(?:: | is ).*|^\s*\}.*) \{$/
const NO_FUNCTION = /^\s*(?:\} )?(?:if|else|for|while|do|switch|try|catch|class|export class)\b/

interface Body {
  /** The file and the line where it begins. */
  readonly at: string
  readonly lines: number
}

function bodiesOf(file: string, lines: readonly string[]): readonly Body[] {
  return lines.flatMap((line, start) => {
    if (!OPENS.test(line) || NO_FUNCTION.test(line)) return []
    const end = `${/^\s*/.exec(line)}}`
    const length = lines.slice(start + 1).findIndex((other) => other.startsWith(end))
    const body = lines.slice(start + 1, start + 1 + length)
    return [{ at: `${file}:${start + 1}`, lines: body.filter((each) => each !== '').length }]
  })
}

test('no file has more than 250 lines, and half of them have at most 80', () => {
  const lengths = [...sources].map(([file, lines]) => ({ file, lines: lines.length }))
  expect(lengths.filter(({ lines }) => lines > 250)).toEqual([])
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b)
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(80)
})

test('no function has more than 40 lines', () => {
  const bodies = [...sources].flatMap(([file, lines]) => bodiesOf(file, lines))
  expect(bodies.length).toBeGreaterThan(2000)
  expect(bodies.filter(({ lines }) => lines > 40)).toEqual([])
})
