import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSite } from '../support/site.ts'
import { expectReadable, LOOKS, look, open, startBrowser } from './browser.ts'

/** The site of the documentation in a real Chromium; test/house/site.test.ts follows its links. */

let folder: string
let browser: Browser

beforeAll(async () => {
  folder = await makeSite('https://git.example.org/team/nodelb/blob/main/')
  browser = await startBrowser()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

const urlOf = (page: string): string => pathToFileURL(join(folder, page)).href

// The first page, the widest tables, the longest lines of commands, and a page that is made.
const PAGES = ['index.html', 'docs/comparison.html', 'docs/install.html', 'docs/adr/index.html']

describe.each(PAGES)('%s', (path) => {
  test.each(LOOKS)('can be read at $width px, $scheme', async (at) => {
    await using opened = await look(browser, urlOf(path), at)
    // Before axe is there, which reads style sheets in a way that no browser allows of files.
    expect(opened.complaints).toEqual([])
    await expectReadable(opened.page, at)
  })
})

test('the navigation stands beside the text, and on a phone it opens', async () => {
  await using opened = await open(browser, urlOf('index.html'), { javaScriptEnabled: false })
  const { page } = opened
  const link = page.getByRole('link', { name: 'Layer 2', exact: true })
  expect(await link.isVisible()).toBe(true)
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await link.isVisible()).toBe(false)
  await page.getByText('All pages').click()
  await link.click()
  expect(await page.title()).toBe('Announcing addresses on layer 2 · nodelb')
})

test('the first stop of the keyboard leads past the navigation', async () => {
  await using opened = await open(browser, urlOf('docs/install.html'))
  const { page } = opened
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the text')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
})
