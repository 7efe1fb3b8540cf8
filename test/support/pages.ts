import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The pages for readers, and the blocks in them. A shell block is `sh`, a script, or `console`, commands behind a
 * prompt with what they print. Each is run by test/kernel/pages.test.ts, unless a comment before it says otherwise:
 *
 * - `<!-- needs a cluster -->`, or another of NEEDS: test/house/pages.test.ts looks at it, and what a real API server
 *   can do is in test/e2e (pages.test.ts, migration.test.ts, chart.test.ts);
 * - `<!-- as in FILE -->`: what it prints is a part of this golden file;
 * - `<!-- in FOLDER -->`: it is run there, and not in the root of a clone.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What a block may need that a machine alone has not. */
export const NEEDS: readonly string[] = [
  'a cluster',
  'a router',
  'a firewall',
  'helm',
  'minutes', // Suites, installations and images take so long.
  'files of yours', // It has placeholders.
]

export interface Block {
  readonly page: string
  /** The line of its fence, from 1. */
  readonly line: number
  readonly language: string
  /** What the comment before it says; empty if there is none. */
  readonly mark: string
  readonly text: string
}

/** The paths of all pages, from the root of the tree. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function textOf(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8')
}

const BLOCK =
  /(?:^ *<!-- (?<mark>.+) -->\n)?^(?<indent> *)```(?<language>.*)\n(?<text>[\s\S]*?)^ *```$/gm

/** Returns the fenced blocks of a page in their order. */
export function blocksOf(page: string): readonly Block[] {
  const whole = textOf(page)
  return Array.from(whole.matchAll(BLOCK), ({ index, groups = {} }) => {
    const { mark = '', indent = '', language = '', text = '' } = groups
    const line = whole.slice(0, index).split('\n').length + (mark === '' ? 0 : 1)
    const flush = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    return { page, line, language, mark, text: flush }
  })
}

/** True of a block with commands for a shell. */
export function isShell({ language }: Block): boolean {
  return language === 'sh' || language === 'console'
}

/** True of a shell block that is run; the others have a mark that says why not. */
export function isRun(block: Block): boolean {
  return isShell(block) && (block.mark === '' || block.mark.startsWith('in '))
}

/** A command of a block, and what the page shows of its output. */
interface Step {
  readonly command: string
  /** Undefined for a script: its output is the reader's. */
  readonly shown: string | undefined
}

/** Returns the commands of a block; a script is one command. */
export function stepsOf({ language, text }: Block): readonly Step[] {
  if (language === 'sh') return [{ command: text, shown: undefined }]
  return text
    .split(/^[#$] /m)
    .slice(1)
    .map((step) => {
      const [command = ''] = /^(?:.*\\\n)*.*\n/.exec(step) ?? []
      return { command: command.trimEnd(), shown: step.slice(command.length) }
    })
}

/** Durations differ from run to run, and so do the handles that a kernel gives. */
function comparable(text: string): string {
  return text.replace(/\d+ ms$/gm, 'N ms').replace(/handle \d+/g, 'handle N')
}

/**
 * Returns what a command told as the page shows it: without what differs from run to run, and with `…` for the
 * lines that `shown` leaves out. Equal to `comparable(shown)` if the page is right.
 */
export function asShown(told: string, shown: string): { told: string; shown: string } {
  const [whole, wanted] = [comparable(told), comparable(shown)]
  const [head = '', ...parts] = wanted.split(/^ *…\n/m)
  let at = head.length
  for (const part of parts) {
    const found = whole.indexOf(part, at)
    if (found < 0) return { told: whole, shown: wanted }
    at = found + part.length
  }
  const last = parts.at(-1)
  const isWhole = last === undefined ? whole === wanted : whole.endsWith(last)
  return { told: isWhole && whole.startsWith(head) ? wanted : whole, shown: wanted }
}
