import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { parseArguments } from '../../src/cli/arguments.ts'
import {
  type Block,
  blocksOf,
  isRun,
  isShell,
  NEEDS,
  pages,
  stepsOf,
  textOf,
} from '../support/pages.ts'
import { commandsOf } from '../support/shell-words.ts'
import { SILENT } from '../support/typed.ts'

// test/kernel/pages.test.ts runs what can be run; of the other blocks this looks at what can be seen without.

const root = fileURLToPath(new URL('../../', import.meta.url))
const blocks = pages.flatMap(blocksOf)
const shell = blocks.filter(isShell)

/** Where a block stands, for messages. */
function place({ page, line }: Block): string {
  return `${page}:${line}`
}

test('every block of a page says what it is', () => {
  const languages = ['', 'sh', 'console', 'yaml', 'json', 'dockerfile']
  const others = blocks.filter(({ language }) => !languages.includes(language))
  expect(others.map(place)).toEqual([])
  expect(blocks.length).toBeGreaterThan(80)
})

test('every block with commands is a shell block', () => {
  const programs =
    'nodelb|kubectl|helm|npm|npx|node|nft|conntrack|docker|cosign|sudo|unshare|source|ln'
  const command = new RegExp(`^(?:[#$] )?(?:${programs}) `, 'm')
  const hidden = blocks.filter(({ language, text }) => language === '' && command.test(text))
  expect(hidden.map(place)).toEqual([])
})

test('every shell block is run, shows a golden, or says what it needs', () => {
  const marks = NEEDS.map((each) => `needs ${each}`)
  const idle = shell.filter((each) => !isRun(each) && !each.mark.startsWith('as in '))
  expect(idle.filter(({ mark }) => !marks.includes(mark)).map(place)).toEqual([])
  expect(new Set(idle.map(({ mark }) => mark))).toEqual(new Set(marks))
  const mute = shell.filter(({ language, text }) => language === 'console' && !/^[#$] /.test(text))
  expect(mute.map(place)).toEqual([])
})

describe('what a golden has', () => {
  const shown = blocks.filter(({ mark }) => mark.startsWith('as in '))

  test.each(shown.map((block) => [place(block), block] as const))('%s', (_, { mark, text }) => {
    const golden = textOf(mark.replace('as in ', ''))
    const output = text.replace(/^\$ .*\n/, '')
    const pieces = output.split(/^ *…\n/m)
    expect(output).not.toBe('')
    expect(pieces.filter((piece) => !golden.includes(piece))).toEqual([])
  })
})

test('the rules that pages show are those of a golden', () => {
  const goldens = ['fixtures', 'test/golden/announce']
    .flatMap(filesBelow)
    .filter((file) => /\.(?:nft|ipvs|iptables)$/.test(file))
  const known = new Set(goldens.flatMap((file) => trimmedLines(textOf(file))))
  const rules = ['docs/packet-path.md', 'docs/iptables.md']
    .flatMap(blocksOf)
    .filter(({ language }) => language === '')
    .flatMap(({ text }) => trimmedLines(text))
  expect(rules.filter((rule) => !known.has(rule))).toEqual([])
  expect(rules.length).toBeGreaterThan(40)
})

function filesBelow(folder: string): readonly string[] {
  const names = readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
  return names.map((name) => `${folder}/${name}`)
}

function trimmedLines(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim())
}

/** The arguments of nodelb in a command, in whichever way it is called; empty if it is not. */
function argumentsOf(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => word === 'nodelb' || word === 'dist/nodelb.js')
  const before = words[at - 1]
  if (before === 'kubectl') return ['cluster', ...words.slice(at + 1)]
  const isCalled = at === 0 || before === 'node' || before === '--'
  return isCalled ? words.slice(at + 1) : []
}

const commands = shell.flatMap((block) =>
  stepsOf(block).flatMap(({ command }) =>
    commandsOf(command).map((words) => [`${place(block)}: ${words.join(' ')}`, words] as const),
  ),
)

describe('nodelb knows', () => {
  const ours = commands.flatMap(([name, words]) => {
    const args = argumentsOf(words)
    // The tour makes a function of the shell, which gives its own arguments.
    return args.length === 0 || args[0] === '$@' ? [] : [[name, args] as const]
  })

  test.each(ours)('%s', (_, args) => {
    expect(parseArguments(args, '0', SILENT)).not.toMatchObject({ kind: 'done', exitCode: 2 })
  })
})

test('the files and scripts that commands name are there', () => {
  const missing = commands.flatMap(([name, words]) => {
    const paths = words.filter((word) =>
      /^(?:charts|deploy|docs|fixtures|scripts|test)\//.test(word),
    )
    const [, run, script = ''] = words
    const isScript = words[0] !== 'npm' || run !== 'run' || script in packageJson.scripts
    const lost = paths.filter((path) => !existsSync(root + path))
    return lost.length === 0 && isScript ? [] : [name]
  })
  expect(missing).toEqual([])
  expect(commands.length).toBeGreaterThan(60)
})
