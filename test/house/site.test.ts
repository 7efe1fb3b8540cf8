import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSite } from '../support/site.ts'

// What a browser makes of it is in test/page/site.test.ts.

const root = fileURLToPath(new URL('../../', import.meta.url))
const TREE = 'https://git.example.org/team/nodelb/blob/main/'

let folder: string
let pages: ReadonlyMap<string, string>

beforeAll(async () => {
  folder = await makeSite(TREE)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const names = files.filter((name) => name.endsWith('.html'))
  pages = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Link {
  readonly page: string
  readonly target: string
}

/** All that a piece of a page leads to or loads. */
function linksIn(page: string, html: string): readonly Link[] {
  const found = html.matchAll(/ (?:href|src)="([^"]*)"/g)
  return Array.from(found, ([, target = '']) => ({ page, target }))
}

function allLinks(): readonly Link[] {
  return [...pages].flatMap(([page, html]) => linksIn(page, html))
}

/** The file of the site to which a link leads, and its anchor. */
function placeOf({ page, target }: Link): { readonly file: string; readonly anchor: string } {
  const [path = '', anchor = ''] = target.split('#')
  return { file: path === '' ? page : normalize(join(dirname(page), path)), anchor }
}

const isOutside = ({ target }: Link): boolean => /^[a-z]+:/.test(target)

function idsOf(html: string): readonly string[] {
  return Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id = '']) => id)
}

test('every page of the tree is a page of the site', () => {
  const inTree = ['', 'docs/', 'docs/adr/'].flatMap((path) =>
    readdirSync(root + path)
      .filter((name) => name.endsWith('.md'))
      .map((name) => (path + name).replace(/README\.md$/, 'index.md').replace(/md$/, 'html')),
  )
  expect([...pages.keys()].sort()).toEqual([...inTree, 'docs/adr/index.html'].sort())
})

describe('links', () => {
  test('between pages lead to files and anchors', () => {
    const inside = allLinks().filter((link) => !isOutside(link))
    const broken = inside.filter((link) => {
      const { file, anchor } = placeOf(link)
      const isAnchor = anchor === '' || idsOf(pages.get(file) ?? '').includes(anchor)
      return !(existsSync(join(folder, file)) && isAnchor)
    })
    expect(broken).toEqual([])
    expect(inside.length).toBeGreaterThan(2000)
  })

  test('to the tree lead to what is there', () => {
    const toTree = allLinks().filter(({ target }) => target.startsWith(TREE))
    const lost = toTree.filter(({ target }) => {
      const [path = ''] = target.slice(TREE.length).split('#')
      return !existsSync(root + path)
    })
    expect(lost).toEqual([])
    expect(toTree.length).toBeGreaterThan(1000)
  })

  test('never leave the site for a page that it has', () => {
    const left = allLinks().filter(
      ({ target }) => target.startsWith(TREE) && /\.md(?:#|$)/.test(target),
    )
    const made = (page: string): string => page.replace(/index\.html$/, 'README.html')
    const own = ({ page, target }: Link): boolean =>
      target === `${TREE}${made(page).replace(/html$/, 'md')}`
    // The last line of a page leads to what it is made of, and a fixture has a README of its own.
    expect(left.filter((link) => !own(link) && !link.target.includes('/fixtures/'))).toEqual([])
  })
})

test('the navigation of every page leads to every page of docs/', () => {
  const wanted = [...pages.keys()].filter((page) => /^docs\/[^/]+$/.test(page))
  const reached = [...pages].map(([page, html]) => {
    const [nav = ''] = /<nav[\s\S]*<\/nav>/.exec(html) ?? []
    return new Set(linksIn(page, nav).map((link) => placeOf(link).file))
  })
  // Its own list is the navigation.
  const missing = wanted.filter((page) => !reached.every((files) => files.has(page)))
  expect(missing).toEqual(['docs/index.html'])
  expect(reached.every((files) => files.has('docs/adr/index.html'))).toBe(true)
})

test('every decision is in the list of decisions', () => {
  const listed = linksIn('docs/adr/index.html', pages.get('docs/adr/index.html') ?? '')
  const reached = new Set(listed.map((link) => placeOf(link).file))
  const records = [...pages.keys()].filter((page) => page.startsWith('docs/adr/'))
  expect(records.filter((page) => page !== 'docs/adr/index.html' && !reached.has(page))).toEqual([])
})

test('anchors are there once', () => {
  for (const [page, html] of pages) {
    const ids = idsOf(html)
    expect(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      page,
    ).toEqual([])
  }
})

test('nothing is loaded from elsewhere, and no script', () => {
  for (const [page, html] of pages) {
    const loading = html.match(/<(?:link|img|script|iframe|style|object)[^>]*>/g) ?? []
    expect(
      loading.filter((tag) => /<script|<iframe|<object|<style|"[a-z]+:/.test(tag)),
      page,
    ).toEqual([])
    expect(loading.length).toBeGreaterThan(1)
  }
  expect(readFileSync(join(folder, 'style.css'), 'utf8')).not.toMatch(/url\(|@import|@font-face/)
})

test('what is a comment in a page is not in the site', () => {
  expect([...pages].filter(([, html]) => html.includes('<!--')).map(([page]) => page)).toEqual([])
})
