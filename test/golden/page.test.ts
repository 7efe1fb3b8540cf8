import { expect, test } from 'vitest'
import { clusterInput } from '../../src/cli/cluster/read.ts'
import { detailOf, whereaboutsOf } from '../../src/cli/page/opened.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { pageHtml, troublesHtml } from '../../src/page/page.ts'
import { type PageQuery, readQuery } from '../../src/page/query.ts'
import { pageView } from '../../src/view/cluster/page-view.ts'
import { listsIn } from '../support/cluster-lists.ts'

/** The page of the controller, as HTML. */

const GOLDENS = new URL('./page/', import.meta.url).pathname
const at = '2026-11-27T03:11:08.000Z'
const servedBy = { version: '0.1.0', pod: 'nodelb-controller-6d5f' }

async function pageOf(name: string, asked: Partial<PageQuery> = {}): Promise<string> {
  const known = { lists: listsIn(name), config: defaultConfig, at }
  const input = clusterInput(known.lists, known.config, at)
  const query = readQuery((each) => asked[each as keyof PageQuery] ?? null)
  const view = pageView(input)
  const service = query.service === '' ? undefined : detailOf(query.service, known, input)
  const found = query.to === '' ? undefined : await whereaboutsOf(query, known, view)
  return pageHtml({ view, query, service, found, troubles: [], servedBy })
}

/** The body alone: the head is the same in all. */
function bodyOf(html: string): string {
  return html.slice(html.indexOf('<main>'))
}

test.each<[string, string, Partial<PageQuery>]>([
  ['shop', 'shop', {}],
  ['shop-service', 'shop', { service: 'shop/web', filter: 'web' }],
  ['shop-packet', 'shop', { to: 'shop/web:http', from: '192.0.2.1' }],
  ['calm', 'calm', {}],
  ['broken', 'broken', {}],
  ['rollout', 'rollout', {}],
])('%s', async (golden, name, asked) => {
  await expect(bodyOf(await pageOf(name, asked))).toMatchFileSnapshot(`${GOLDENS}${golden}.html`)
})

test('what cannot be read, in a whole document', async () => {
  const html = troublesHtml(['services are not read: the server answers 403'], servedBy)
  await expect(html).toMatchFileSnapshot(`${GOLDENS}not-read.html`)
})

test.each([
  ['[2001:db8:1::1]:53/udp', 'n1'],
  ['192.168.1.240:80', 'n1'],
  ['shop/web', 'n1'],
  ['shop/six:53', 'n1'],
  // Nobody announces it: the first of the Nodes stands for any.
  ['shop/lonely', 'n1'],
  ['192.0.2.99:80', 'n1'],
])('a packet to %s is explained on a Node that announces it', async (to, node) => {
  const known = { lists: listsIn('shop'), config: defaultConfig, at }
  const view = pageView(clusterInput(known.lists, known.config, at))
  const found = await whereaboutsOf(
    readQuery((name) => (name === 'to' ? to : null)),
    known,
    view,
  )
  expect(found).toMatchObject({ node, troubles: [] })
  expect(found.answer).not.toContain('rules')
  const [headline = ''] = found.answer.split('\n')
  expect(found.withRules.startsWith(`${headline}\n`)).toBe(true)
  expect(found.withRules.length).toBeGreaterThanOrEqual(found.answer.length)
})

test('what is asked wrongly is said in the words of the form', async () => {
  const html = await pageOf('shop', { to: 'here', from: 'there', node: 'n1' })
  expect(html).toContain('<p class="warn">from: found &quot;there&quot;, expected an address</p>')
  expect(html).toContain('<p class="warn">to: found &quot;here&quot;, expected ADDRESS:PORT')
  expect(await pageOf('shop', { to: 'shop/web', node: 'n9' })).toContain(
    '<p class="warn">at: found &quot;n9&quot;, expected the name of a Node</p>',
  )
})

test('a Service that is not there is said to be none', async () => {
  expect(await pageOf('shop', { service: 'shop/none' })).toContain('There is no such Service')
})
