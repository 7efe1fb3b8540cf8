import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { idMaker } from '../../scripts/site/markdown.ts'
import { pages, textOf } from '../support/pages.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const records = readdirSync(`${root}docs/adr`).map((name) => `docs/adr/${name}`)
const documents = [...pages, 'ARCHITECTURE.md', 'CHANGELOG.md', ...records]

function withoutCode(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
}

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf(path: string): readonly string[] {
  const headings = withoutCode(textOf(path)).matchAll(/^#+ (.*)$/gm)
  const idOf = idMaker()
  return Array.from(headings, ([, heading = '']) => idOf(heading))
}

/** Where links lead that a document names, and defines elsewhere: `[text][name]` and `[name]: target`. */
function definitionsIn(path: string): ReadonlyMap<string, string> {
  const lines = withoutCode(textOf(path)).matchAll(/^\[([^\]]+)\]: (\S+)$/gm)
  return new Map(Array.from(lines, ([, name = '', target = '']) => [name, target]))
}

/** True if a link leads to a file of the tree, and to a heading if it names one. */
function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : join(dirname(from), file)
  if (!existsSync(root + path)) return false
  if (anchor === undefined) return true
  return statSync(root + path).isFile() && anchorsOf(path).includes(anchor)
}

describe('the links of pages lead to files and headings', () => {
  test.each(documents)('%s', (document) => {
    const links = withoutCode(textOf(document)).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)
    const targets = Array.from(links, ([, target = '']) => target)
    const named = Array.from(definitionsIn(document).values()).filter((it) => !/^https?:/.test(it))
    expect([...targets, ...named].filter((it) => !leadsSomewhere(document, it))).toEqual([])
  })

  test.each(documents)('%s defines the names of links that it uses, and no others', (document) => {
    const uses = withoutCode(textOf(document)).matchAll(/\]\[([^\]]+)\]/g)
    const used = Array.from(uses, ([, name = '']) => name)
    expect(new Set(used)).toEqual(new Set(definitionsIn(document).keys()))
  })
})

test('the pages that sources, manifests and scripts name are there', () => {
  const named = ['src', 'charts', 'deploy', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .filter((file) => statSync(root + file).isFile())
      .flatMap((file) => {
        const found = textOf(file).matchAll(/\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g)
        return Array.from(found, ([target]) => `${file}: ${target}`)
      }),
  )
  const lost = named.filter((each) => !leadsSomewhere('README.md', each.replace(/^.*: /, '')))
  expect(lost).toEqual([])
  expect(named.length).toBeGreaterThan(50)
})
