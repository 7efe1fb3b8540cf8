import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../../src/cli/program/program.ts'
import { behavioursIn, ran } from './behaviours.ts'

// Each behaviour is a file of objects: `name.yaml`. Beside it there may be `name.config.yaml`, and
// `name.flags` with further flags. `name.txt` is what the command prints of them. Where there is a
// `name.jsonl` it pins the JSON, too.
const FOLDER = new URL('announcers/', import.meta.url).pathname

const { files, names, sentence } = behavioursIn(FOLDER)

function flagsOf(name: string): readonly string[] {
  const config = `${name}.config.yaml`
  const flags = files.includes(`${name}.flags`)
    ? readFileSync(`${FOLDER}${name}.flags`, 'utf8').trim().split(' ')
    : []
  return [...(files.includes(config) ? ['--config', config] : []), ...flags]
}

async function run(name: string, format: 'text' | 'json') {
  const shown = ['announcers', '-f', `${name}.yaml`, ...flagsOf(name)]
  const argv = shown.map((each) => (each.endsWith('.yaml') ? FOLDER + each : each))
  const result = await ran(FOLDER, (output) =>
    runProgram(['nodelb', ...argv, '-o', format], '0', output),
  )
  return { command: `nodelb ${shown.join(' ')}`, ...result }
}

describe('who announces, with', () => {
  test.each(names.map((name) => [name, sentence(name)]))('%s: %s', async (name) => {
    const { command, code, out, said } = await run(name, 'text')
    expect({ code, said }).toEqual({ code: 0, said: [] })
    await expect(`$ ${command}\n${out}`).toMatchFileSnapshot(`${FOLDER}${name}.txt`)
  })

  const asJson = names.filter((name) => files.includes(`${name}.jsonl`))
  test.each(asJson)('%s, for programs', async (name) => {
    const { code, out, said } = await run(name, 'json')
    expect({ code, said }).toEqual({ code: 0, said: [] })
    await expect(out).toMatchFileSnapshot(`${FOLDER}${name}.jsonl`)
  })
})

test.each(names)('%s says in its first line what is right', (name) => {
  expect(sentence(name)).toMatch(/^[A-Za-z][^#]{30,240}\.$/)
})

test('every file belongs to a behaviour', () => {
  const endings = /\.(?:yaml|txt|jsonl|config\.yaml|flags)$/
  const lost = files.filter((file) => !names.includes(file.replace(endings, '')))
  expect(lost).toEqual([])
  expect(names.length).toBeGreaterThanOrEqual(30)
})
