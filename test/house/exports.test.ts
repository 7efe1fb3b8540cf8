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

const source = filesOf('src')
const texts: ReadonlyMap<string, string> = new Map(
  [...source, ...filesOf('test'), ...filesOf('scripts')].map((file) => [
    file,
    readFileSync(root + file, 'utf8'),
  ]),
)

/** `file name` of all that other files import. */
const imported: ReadonlySet<string> = new Set(
  [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\bimport\s(?:type\s)?\{([^}]*)\}\sfrom\s'(\.[^']+)'/g)].flatMap(
      ([, names = '', from = '']) => {
        const target = posix.join(posix.dirname(file), from)
        return names.split(',').map((name) => `${target} ${bare(name)}`)
      },
    ),
  ),
)

/** Files that are loaded when they are needed, with all that they export. */
const loaded: ReadonlySet<string> = new Set(
  [...texts].flatMap(([file, text]) =>
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

function exportsOf(file: string): readonly string[] {
  const declared = /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm
  return [...(texts.get(file) ?? '').matchAll(declared)].map(([, name]) => `${file} ${name}`)
}

test('what a file exports, another one imports', () => {
  const all = source.filter((file) => !loaded.has(file)).flatMap(exportsOf)
  expect(all.length).toBeGreaterThan(500)
  expect(all.filter((each) => !imported.has(each))).toEqual([])
})
