import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { bashCompletion } from '../../src/cli/about/complete-bash.ts'
import { fishCompletion } from '../../src/cli/about/complete-fish.ts'
import { zshCompletion } from '../../src/cli/about/complete-zsh.ts'
import { manualPage } from '../../src/cli/about/manual.ts'
import { allCommands } from '../../src/cli/command-tree.ts'
import { commandTree } from './parsed-tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

const tree = commandTree()

function write(name: string, text: string, mode = 0o644): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode })
  return file
}

/** What bash offers for the last of these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const file = write('nodelb.bash', bashCompletion(tree))
  write('kubectl', '#!/bin/sh\nprintf "node/node-a\\nnode/node-b\\n"\n', 0o755)
  const script = `set -u; source "$1"; shift; COMP_WORDS=(nodelb "$@"); COMP_CWORD=$#
    _nodelb; printf "%s\\n" "\${COMPREPLY[@]}"`
  const args = ['--norc', '--noprofile', '-c', script, 'bash', file, ...words]
  const env = { PATH: `${folder}${delimiter}${process.env['PATH']}` }
  const { stdout } = await execa('bash', args, { env })
  return stdout === '' ? [] : stdout.split('\n')
}

describe('bash', () => {
  test.each([
    [['re'], ['render']],
    [['c'], ['config', 'completion', 'cleanup', 'cluster', 'controller']],
    [['diff', '--sc'], ['--scope']],
    [
      ['diff', '--scope', ''],
      ['load-balancer', 'all'],
    ],
    [
      ['diff', '-f', 'x', '--backend', 'i'],
      ['ipvs', 'iptables'],
    ],
    [
      ['diff', '--node', 'node'],
      ['node-a', 'node-b'],
    ],
    [['status', '-o', 'j'], ['json']],
    [['config', 's'], ['schema']],
    [
      ['config', 'schema', '-'],
      ['-h', '--help'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', '-h', '--help'],
    ],
    // Files are what bash completes by itself.
    [['bundle', '-o', ''], []],
    [['diff', '-f', ''], []],
    [['diff', '-f', 'a', ''], []],
  ])('offers for %j: %j', async (words, expected) => {
    expect([...(await offered(...words))].sort()).toEqual([...expected].sort())
  })

  test('offers every command', async () => {
    const given = await offered('')
    expect(given).toEqual(expect.arrayContaining(tree.commands.map(({ name }) => name)))
    expect(given).not.toContain('version')
  })

  test('is asked for nodelb', async () => {
    const file = write('nodelb.bash', bashCompletion(tree))
    const { stdout } = await execa('bash', ['-c', 'source "$1"; complete -p nodelb', 'bash', file])
    expect(stdout).toBe('complete -o default -F _nodelb nodelb')
  })
})

test('zsh takes its completion', async () => {
  const file = write('nodelb.zsh', zshCompletion(tree))
  expect((await execa('zsh', ['-n', file])).stderr).toBe('')
})

test('fish takes its completion, and offers by it', async () => {
  const file = write('nodelb.fish', fishCompletion(tree))
  expect((await execa('fish', ['--no-execute', file])).stderr).toBe('')
  const offers = async (line: string) => {
    const { stdout } = await execa('fish', ['-N', '-c', `source ${file}; complete -C '${line}'`])
    return stdout.split('\n').map((each) => each.split('\t')[0])
  }
  expect(await offers('nodelb re')).toEqual(['render'])
  expect(await offers('nodelb diff --scope ')).toEqual(['all', 'load-balancer'])
  expect(await offers('nodelb config ')).toContain('schema')
})

test.each([
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
])('%s has every command and its long options', (_, completion) => {
  const text = completion(tree)
  const long = allCommands(tree).flatMap(([, { options }]) => options.flatMap(({ flags }) => flags))
  const missing = [...new Set(long)].filter((flag) => !text.includes(flag.replace(/^--?/, '')))
  expect(missing).toEqual([])
  expect(tree.commands.filter(({ name }) => !text.includes(name))).toEqual([])
})

describe('the manual page', () => {
  const page = manualPage(tree, '1.2.3')

  test('has every command, its options and examples', () => {
    for (const [words, { options }] of allCommands(tree)) {
      expect(page).toContain(`.SS nodelb ${words}\n`)
      for (const { flags } of options) {
        expect(page).toContain(`\\fB${flags.at(-1)?.replaceAll('-', '\\-')}\\fR`)
      }
    }
  })

  test('is in order for groff', async () => {
    const args = ['-man', '-ww', '-Tutf8', '-P-c', write('nodelb.1', page)]
    const { stdout, stderr } = await execa('groff', args)
    expect(stderr).toBe('')
    expect(stdout).toContain('nodelb diff -f main/ --against branch/ --node node-a -o markdown')
  })
})
