import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A real Chromium, that of Debian. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell',
    // The sandbox does not run as root, and nothing is loaded but the page.
    args: ['--no-sandbox'],
  })
}

/** A page with all that the browser finds wrong with it. */
export interface Opened extends AsyncDisposable {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** Opens the page in a context of its own. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => {
    // A page that is left does not wait for its changes any more.
    if (!request.url().endsWith('/events')) complaints.push(`${request.url()} failed`)
  })
  await page.goto(url)
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}

interface Look {
  readonly width: 1280 | 390
  readonly scheme: 'light' | 'dark'
}

export const LOOKS: readonly Look[] = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 390, scheme: 'light' },
  { width: 390, scheme: 'dark' },
]

/** Opens a page as one kind of reader sees it. */
export function look(browser: Browser, url: string, { width, scheme }: Look): Promise<Opened> {
  return open(browser, url, { viewport: { width, height: 844 }, colorScheme: scheme })
}

/** Expects that nothing sticks out, that the page is as light or dark as asked, and what axe says to be harmless. */
export async function expectReadable(page: Page, { width, scheme }: Look): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  const [red = 0] = colour.match(/\d+/g)?.map(Number) ?? []
  expect(red > 128).toBe(scheme === 'light')
  await page.evaluate(AXE)
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run()')
  expect(passes.length).toBeGreaterThan(20)
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([])
}
