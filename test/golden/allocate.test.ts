import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { allocateCommand } from '../../src/cli/allocate/allocate.ts'
import { behavioursIn, ran } from './behaviours.ts'

// Each behaviour is a file of objects: `name.yaml`. Beside it there may be `name.config.yaml`, and
// `name.before.yaml` with the objects before a change, or a folder `name.state` with the addresses that
// an agent gave. `name.txt` is what the command prints of them.
// Where there is a `name.jsonl` it pins the JSON, too, and a `name.service.txt` what is printed of the
// Service in its first line.
const FOLDER = new URL('allocate/', import.meta.url).pathname

const { files, names, sentence } = behavioursIn(FOLDER)

interface Run {
  readonly command: string
  readonly code: number
  readonly out: string
  readonly said: readonly string[]
}

async function run(name: string, format: 'text' | 'json', service?: string): Promise<Run> {
  const beside = (ending: string): string | undefined =>
    files.includes(`${name}.${ending}`) ? `${name}.${ending}` : undefined
  const [config, before, state] = ['config.yaml', 'before.yaml', 'state'].map(beside)
  const options = {
    files: [`${FOLDER}${name}.yaml`],
    config: config && FOLDER + config,
    format,
    against: before === undefined ? [] : [FOLDER + before],
    service,
    state: state && FOLDER + state,
  }
  const result = await ran(FOLDER, (output) => allocateCommand(options, output))
  const flags = [
    config && `--config ${config}`,
    before && `--against ${before}`,
    service && `--service ${service}`,
    state && `--state ${state}`,
  ]
  const command = ['nodelb allocate', `-f ${name}.yaml`, ...flags.filter(Boolean)].join(' ')
  return { command, ...result }
}

describe('the addresses of', () => {
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

  const alone = names.filter((name) => files.includes(`${name}.service.txt`))
  test.each(alone)('%s, of one Service', async (name) => {
    const golden = `${FOLDER}${name}.service.txt`
    const [, service] = /--service (\S+)/.exec(readFileSync(golden, 'utf8')) ?? []
    const { command, code, out, said } = await run(name, 'text', service)
    expect({ service: service !== undefined, code, said }).toEqual({
      service: true,
      code: 0,
      said: [],
    })
    await expect(`$ ${command}\n${out}`).toMatchFileSnapshot(golden)
  })
})

test('without what the agent gave nothing is said about what is kept', async () => {
  const files = [`${FOLDER}in-folder-after-a-restart.yaml`]
  const options = { files, against: [], config: undefined, service: undefined }
  const { code, out, said } = await ran(FOLDER, (output) =>
    allocateCommand({ ...options, format: 'text', state: `${FOLDER}lost` }, output),
  )
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(said).toEqual(['lost: found nothing, expected the addresses that the agent gave'])
})

test.each(names)('%s says in its first line what is right', (name) => {
  expect(sentence(name)).toMatch(/^[A-Z][^#]{30,240}\.$/)
})

test('every file belongs to a behaviour', () => {
  const endings = /\.(?:yaml|txt|jsonl|config\.yaml|before\.yaml|state|service\.txt)$/
  const lost = files.filter((file) => !names.includes(file.replace(endings, '')))
  expect(lost).toEqual([])
  expect(names.length).toBeGreaterThanOrEqual(60)
})
