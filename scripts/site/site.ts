// Makes the site of the documentation: README, the pages of docs/ and what stands beside them, as HTML that needs
// no script and loads nothing from elsewhere. `npm run site` writes it to build/site. Pages are written for GitHub:
// links, anchors and marks mean here what they mean there, so that no page has anything for the site alone.
//
// Usage: npm run site -- [FOLDER [TREE]]
//   npm run site -- build/site https://git.example.com/nodelb/blob/main/
// TREE is the address at which people read the files of the tree; without it links lead to those of this machine.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { icon } from '../../src/page/style.ts'
import { layout } from './layout.ts'
import { rendered, titleOf } from './markdown.ts'
import { type Page, placeOf, type Sources } from './paths.ts'

const root = new URL('../../', import.meta.url)
const [, , folder = 'build/site', address = root.href] = process.argv
const tree = address.replace(/\/?$/, '/')
const site = resolve(folder)

/** Paths of the files of a folder, from the root of the tree. */
function filesIn(path: string): readonly string[] {
  const entries = readdirSync(new URL(path, root), { withFileTypes: true })
  return entries.filter((each) => each.isFile()).map(({ name }) => path + name)
}

function pageOf(path: string): readonly [string, Page] {
  return [path, { text: readFileSync(new URL(path, root), 'utf8'), source: path }]
}

const DECISIONS = 'docs/adr'

/** The list of decisions is made here, so that nobody has to keep one. */
function listOf(records: readonly (readonly [string, Page])[]): readonly [string, Page] {
  const lines = records.map(([path, { text }]) => `- [${titleOf(text)}](${basename(path)})\n`)
  const text = `# Decisions\n\n${lines.join('')}`
  return [`${DECISIONS}/README.md`, { text, source: DECISIONS }]
}

function sourcesOfSite(): Sources {
  const isPage = (path: string): boolean => path.endsWith('.md')
  const records = filesIn(`${DECISIONS}/`).filter(isPage).map(pageOf)
  const docs = filesIn('docs/')
  const pages = [...filesIn('').filter(isPage), ...docs.filter(isPage)].map(pageOf)
  const others = docs.filter((path) => !isPage(path))
  return {
    pages: new Map([...pages, ...records, listOf(records)]),
    files: new Set([...others, ...filesIn('docs/page/')]),
    tree,
  }
}

function write(place: string, content: string): void {
  mkdirSync(dirname(join(site, place)), { recursive: true })
  writeFileSync(join(site, place), content)
}

const sources = sourcesOfSite()
for (const path of sources.pages.keys()) {
  write(placeOf(path), layout(sources, path, rendered(sources, path)))
}
for (const path of sources.files) cpSync(new URL(path, root), join(site, path))
cpSync(fileURLToPath(new URL('style.css', import.meta.url)), join(site, 'style.css'))
write('icon.svg', icon)
console.log(`${sources.pages.size} pages in ${site}`)
