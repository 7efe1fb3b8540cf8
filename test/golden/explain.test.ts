import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../../src/cli/program/program.ts'
import { behavioursIn, ran } from './behaviours.ts'

// Each behaviour is a file of objects: `name.yaml`. Beside it are `name.flags`, which say the packet
// and the Node, and where it is needed `name.config.yaml`. `name.txt` is what the command prints, and
// `name.jsonl` has the field `announced` of its JSON, and `bgp` where there is one.
const FOLDER = new URL('explain/', import.meta.url).pathname

const { files, names, sentence } = behavioursIn(FOLDER)

async function run(name: string, format: 'text' | 'json') {
  const config = `${name}.config.yaml`
  const flags = readFileSync(`${FOLDER}${name}.flags`, 'utf8').trim().split(' ')
  const configured = files.includes(config) ? ['--config', config] : []
  const shown = ['explain', ...flags, '-f', `${name}.yaml`, ...configured]
  const argv = shown.map((each) => (each.endsWith('.yaml') ? FOLDER + each : each))
  const result = await ran(FOLDER, (output) =>
    runProgram(['nodelb', ...argv, '-o', format], '0', output),
  )
  return { command: `nodelb ${shown.join(' ')}`, ...result }
}

describe('what becomes of a packet, with', () => {
  test.each(names.map((name) => [name, sentence(name)]))('%s: %s', async (name) => {
    const { command, code, out, said } = await run(name, 'text')
    expect({ code, said }).toEqual({ code: 0, said: [] })
    await expect(`$ ${command}\n${out}`).toMatchFileSnapshot(`${FOLDER}${name}.txt`)
  })

  test.each(names)('%s, for programs: who announces the address', async (name) => {
    const { code, out, said } = await run(name, 'json')
    expect({ code, said }).toEqual({ code: 0, said: [] })
    const { announced, bgp } = JSON.parse(out)
    const shown = bgp === null ? [announced] : [announced, bgp]
    const lines = shown.map((each) => `${JSON.stringify(each)}\n`).join('')
    await expect(lines).toMatchFileSnapshot(`${FOLDER}${name}.jsonl`)
  })
})

test.each(names)('%s says in its first line what is right', (name) => {
  expect(sentence(name)).toMatch(/^[A-Z][^#]{30,240}\.$/)
})

test('every file belongs to a behaviour', () => {
  const endings = /\.(?:yaml|txt|jsonl|config\.yaml|flags)$/
  const lost = files.filter((file) => !names.includes(file.replace(endings, '')))
  expect(lost).toEqual([])
  expect(names.length).toBeGreaterThanOrEqual(8)
})
