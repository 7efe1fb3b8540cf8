import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/arguments.ts'
import { allCommands } from '../../src/cli/command-tree.ts'
import { GROUPS, helpOf } from '../../src/cli/help.ts'
import { SILENT } from '../support/typed.ts'
import { commandTree } from './parsed-tree.ts'

const commands = allCommands(commandTree()).map(([words]) => words)

/** The arguments of nodelb in a line of shell; what pipes into it and what it pipes into are not ours. */
function argumentsIn(example: string): string[] {
  const [, kubectl = '', own = ''] = /(kubectl )?\bnodelb ([^|;>)]*)/.exec(example) ?? []
  const words = own.trim().split(/\s+/)
  return kubectl === '' ? words : ['cluster', ...words]
}

describe.each(commands)('help of %s', (words) => {
  const { examples, page } = helpOf(words) ?? { examples: [], page: '' }

  test('is there', () => {
    expect(helpOf(words)).toBeDefined()
  })

  test.each(examples)('has an example that is understood: %s', (example) => {
    const given = argumentsIn(example)
    expect(given.slice(0, words.split(' ').length).join(' ')).toBe(words)
    expect(parseArguments(given, '1.2.3', SILENT).kind).not.toBe('done')
  })

  test('names a page of the documentation', () => {
    expect(existsSync(new URL(`../../${page}`, import.meta.url))).toBe(true)
  })
})

test('every group has a command', () => {
  const groups = new Set(commands.map((words) => helpOf(words)?.group))
  expect([...groups].sort()).toEqual([...GROUPS].sort())
})
