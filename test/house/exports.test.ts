import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

function filesOf(folder: string): readonly string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => `${folder}/${name}`)
}

function textsOf(files: readonly string[]): ReadonlyMap<string, string> {
  return new Map(files.map((file) => [file, readFileSync(root + file, 'utf8')]))
}

const source = textsOf(filesOf('src'))
const tests = textsOf([...filesOf('test'), ...filesOf('scripts')])

/** Returns `file name` of all that these files import. */
function importedBy(texts: ReadonlyMap<string, string>): ReadonlySet<string> {
  return new Set(
    [...texts].flatMap(([file, text]) =>
      [...text.matchAll(/\bimport\s(?:type\s)?\{([^}]*)\}\sfrom\s'(\.[^']+)'/g)].flatMap(
        ([, names = '', from = '']) => {
          const target = posix.join(posix.dirname(file), from)
          return names.split(',').map((name) => `${target} ${bare(name)}`)
        },
      ),
    ),
  )
}

/** Files that are loaded when they are needed, with all that they export. */
const loaded: ReadonlySet<string> = new Set(
  [...source].flatMap(([file, text]) =>
    [...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, from = '']) =>
      posix.join(posix.dirname(file), from),
    ),
  ),
)

/** `type X as Y` is the export `X`. */
function bare(name: string): string {
  return name
    .trim()
    .replace(/^type /, '')
    .replace(/ as .*/, '')
}

interface Export {
  readonly file: string
  readonly name: string
  /** How often its own file names it. */
  readonly named: number
}

function exportsOf([file, text]: readonly [string, string]): readonly Export[] {
  const declared = /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm
  return [...text.matchAll(declared)].map(([, name = '']) => {
    return { file, name, named: [...text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length }
  })
}

const exported = [...source].filter(([file]) => !loaded.has(file)).flatMap(exportsOf)
const keyOf = ({ file, name }: Export): string => `${file} ${name}`

test('what a file exports, another one imports', () => {
  const imported = importedBy(new Map([...source, ...tests]))
  expect(exported.length).toBeGreaterThan(2000)
  expect(exported.map(keyOf).filter((each) => !imported.has(each))).toEqual([])
})

test('what is exported for a test, its own file uses', () => {
  const imported = importedBy(source)
  const dead = exported.filter((each) => !imported.has(keyOf(each)) && each.named === 1)
  expect(dead.map(keyOf)).toEqual([])
})
