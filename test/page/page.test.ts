import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/asking.ts'
import { eventually } from '../support/eventually.ts'
import { expectReadable, LOOKS, look, open, startBrowser } from './browser.ts'
import { ready, ShopWorld } from './shop-world.ts'

/** The page in a real Chromium, by a real controller on a real API server. */

/** The pictures of docs/page.md are written there if this is set. */
const PICTURES = process.env['PICTURES']

let world: ShopWorld
let browser: Browser

beforeAll(async () => {
  world = await ShopWorld.begin()
  browser = await startBrowser()
}, 600_000)

afterAll(async () => {
  await browser?.close()
  await world?.end()
})

const rowOf = (service: string) => `#service-rows tr:has(a:text-is("${service}"))`

/** What a row says of its state. */
async function stateOf(page: Page, service: string): Promise<string | null> {
  return page.locator(`${rowOf(service)} .state`).textContent()
}

/** How many watches of a kind the API server has that only the page follows. */
async function watches(): Promise<number> {
  const { body } = await world.server.admin.ask('GET', '/metrics')
  const line = (body as string)
    .split('\n')
    .find((each) =>
      /^apiserver_longrunning_(?:gauge|requests)\{.*"servicel2statuses".*"WATCH"/.test(each),
    )
  return Number(line?.replace(/.* /, '') ?? 0)
}

test('follows nothing before the first one looks', async () => {
  expect(await watches()).toBe(0)
  await using _ = await open(browser, world.url)
  await eventually(async () => (await watches()) === 1)
})

test('shows what needs a person first, by what the rights of deploy/ let it read', async () => {
  await using opened = await open(browser, world.url)
  const { page, complaints } = opened
  await page.locator(`${rowOf('shop/web')} .state`).waitFor()
  const needs = await page.locator('#needs li').allTextContents()
  expect(needs[0]).toMatch(/shop\/lonely.*192\.168\.1\.242:80\/tcp refuses connections/)
  expect(needs.join()).toMatch(/shop\/queue.*waits for an address/)
  const facts = await page.locator('#facts').textContent()
  for (const fact of ['3 of 3', '31 ms', 'on k8s2, the slowest']) expect(facts).toContain(fact)
  expect(await page.locator('#nodes tr', { hasText: 'k8s1' }).textContent()).toMatch(
    /0\.1\.0.*nftables.*12 ms.*1 min ago/s,
  )
  expect(await page.locator('#troubles').textContent()).toBe('')
  expect(await page.locator(rowOf('shop/web')).textContent()).toMatch(
    /192\.168\.1\.240.*production.*k8s1.*eth0.*kept.*serves/s,
  )
  expect(await stateOf(page, 'shop/lonely')).toBe('refuses')
  expect(await page.locator('#warnings').textContent()).toContain('AddressDisputed')
  expect(complaints).toEqual([])
})

test('a Service that loses its endpoints turns red within a second, and back', async () => {
  await using opened = await open(browser, world.url)
  const { page, complaints } = opened
  await page.waitForSelector(`${rowOf('data/postgres')}.fine`)
  const turned = page.waitForSelector(`${rowOf('data/postgres')}.bad`)
  await world.endpoints('data/postgres', [])
  const began = performance.now()
  await turned
  const ms = performance.now() - began
  expect(await page.locator('#needs').textContent()).toContain('192.168.1.243:80/tcp refuses')
  await world.endpoints('data/postgres', [ready('k8s3', '10.42.3.7')])
  await page.waitForSelector(`${rowOf('data/postgres')}.fine`)
  expect(ms).toBeLessThan(1000)
  expect(complaints).toEqual([])
})

test('the filter hides rows while one types, and stays when the page changes', async () => {
  await using opened = await open(browser, world.url)
  const { page } = opened
  const shown = () => page.locator('#service-rows tbody tr:visible a').allTextContents()
  expect(await shown()).toHaveLength(5)
  await page.getByRole('searchbox').fill('SHOP/')
  expect(await shown()).toEqual(['shop/api', 'shop/lonely', 'shop/queue', 'shop/web'])
  await page.getByRole('searchbox').fill('k8s1')
  expect(await shown()).toEqual(['shop/web'])
  await world.endpoints('shop/web', [])
  await page.waitForSelector(`${rowOf('shop/web')}.bad`)
  expect(await shown()).toEqual(['shop/web'])
  await world.endpoints('shop/web', [ready('k8s1', '10.42.1.18')])
  await page.waitForSelector(`${rowOf('shop/web')}.fine`)
})

test('says where a packet goes, at the Node that announces it and at any other', async () => {
  await using opened = await open(browser, world.url)
  const { page, complaints } = opened
  const ask = async (from: string, to: string, node: string): Promise<string> => {
    await page.getByLabel('from').fill(from)
    await page.getByLabel('to', { exact: true }).fill(to)
    await page.locator('select[name=node]').selectOption(node)
    await page.getByRole('button', { name: 'Explain' }).click()
    return (await page.locator('#answer').textContent()) ?? ''
  }
  expect(await ask('192.168.1.7', '192.168.1.240:80', '')).toMatch(
    /delivered.*shop\/web:http.*10\.42\.1\.18:8080.*k8s1 should do/s,
  )
  await page.getByText('with its rules').click()
  expect(await page.locator('#rules pre').textContent()).toMatch(/prerouting/)
  expect(await ask('192.168.1.7', 'shop/web', 'k8s2')).toMatch(/dropped.*other nodes only/s)
  expect(await ask('192.168.1.7', 'shop/<b>web', 'k8s2')).toMatch(/to: found "shop\/<b>web"/)
  expect(complaints).toEqual([])
})

test('a row opens its Service: its endpoints, and why it is there', async () => {
  await using opened = await open(browser, world.url)
  const { page } = opened
  await page.locator('#service-rows').getByText('shop/api').click()
  const card = page.locator('#service')
  expect(await card.locator('tbody tr').allTextContents()).toEqual([
    expect.stringContaining('10.42.1.21'),
    expect.stringContaining('10.42.2.33'),
  ])
  expect(await card.textContent()).toMatch(/of pool production/)
  expect(await card.textContent()).toMatch(/by k8s2 on layer 2, on eth0/)
  await world.endpoints('shop/api', [ready('k8s2', '10.42.2.33')])
  await page.waitForSelector('#service tbody tr:only-child')
  await page.getByRole('link', { name: 'where they go' }).click()
  expect(await page.locator('#answer').textContent()).toMatch(/shop\/api:http/)
  await world.endpoints('shop/api', [ready('k8s1', '10.42.1.21'), ready('k8s2', '10.42.2.33')])
})

test('works without script: filter, Service and packet', async () => {
  await using opened = await open(browser, world.url, { javaScriptEnabled: false })
  const { page } = opened
  await page.getByRole('searchbox').fill('lonely')
  await page.getByRole('button', { name: 'Filter' }).click()
  expect(await page.locator('#service-rows tbody tr').count()).toBe(1)
  await page.locator('#service-rows').getByText('shop/lonely').click()
  expect(await page.locator('#service').textContent()).toContain('no endpoint is ready')
  await page.getByLabel('to', { exact: true }).fill('shop/web:http')
  await page.getByRole('button', { name: 'Explain' }).click()
  expect(await page.locator('#answer').textContent()).toContain('delivered')
  // What was asked before is still there.
  expect(await page.locator('#service-rows tbody tr').count()).toBe(1)
  expect(await page.locator('#service').count()).toBe(1)
})

const everything = '?service=shop%2Fapi&from=192.168.1.7&to=192.168.1.241%3A80'

test.each(LOOKS)(
  'at $width px, $scheme: nothing sticks out, and axe finds nothing serious',
  async (at) => {
    await using opened = await look(browser, `${world.url}${everything}`, at)
    await opened.page.locator('#answer pre').first().waitFor()
    await expectReadable(opened.page, at)
  },
)

test('every replica serves it, and a page that is switched off is gone', async () => {
  const file = world.configure(true, await freePort(), 'second.yaml')
  const second = world.start(file)
  const { at } = await second.first('ui-listening')
  await using opened = await open(browser, `http://${at}/`)
  expect(await opened.page.locator('#service-rows tbody tr').count()).toBe(5)
  world.configure(false, 1, 'second.yaml')
  await opened.page.waitForSelector('#connection.lost')
  expect(await second.end('SIGTERM')).toBe(0)
})

test.runIf(PICTURES)('pictures for the documentation', async () => {
  for (const [name, at, query] of [
    ['page', { width: 1280, scheme: 'light' }, '?from=192.168.1.7&to=192.168.1.240%3A80'],
    ['page-dark', { width: 1280, scheme: 'dark' }, '?service=shop%2Fapi'],
    ['page-narrow', { width: 390, scheme: 'light' }, ''],
  ] as const) {
    await using opened = await look(browser, `${world.url}${query}`, at)
    const path = join(PICTURES ?? '', `${name}.png`)
    await opened.page.screenshot({ path, fullPage: at.width === 1280 })
  }
})
