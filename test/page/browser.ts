import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

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
