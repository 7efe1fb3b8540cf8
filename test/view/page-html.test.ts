import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusterInput } from '../../src/cli/cluster/read.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { html } from '../../src/page/html.ts'
import { pageHtml } from '../../src/page/page.ts'
import { linkTo, readQuery } from '../../src/page/query.ts'
import { script } from '../../src/page/script.ts'
import { icon, style } from '../../src/page/style.ts'
import type { ClusterInput } from '../../src/view/cluster/cluster-input.ts'
import { pageView } from '../../src/view/cluster/page-view.ts'
import { serviceDetail } from '../../src/view/cluster/service-detail.ts'
import { listsIn } from '../support/cluster-lists.ts'

/** Text that would like to be markup. */
const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</pre><h1>',
    '<!--',
    '&lt;b&gt;',
    '\u202Etxt.exe',
    'javascript:alert(1)',
  ),
)

describe('html', () => {
  test('makes text of every value, between tags and in attributes', () => {
    fc.assert(
      fc.property(hostile, hostile, (inside, attribute) => {
        const { text } = html`<p title="${attribute}">${inside}</p>`
        const [, title = '', content = ''] =
          /^<p title="([^"<>]*)">([^<>]*)<\/p>$/s.exec(text) ?? []
        expect(unescaped(content)).toBe(shown(inside))
        expect(unescaped(title)).toBe(shown(attribute))
      }),
    )
  })

  test('takes markup, numbers, lists and nothing as they are', () => {
    const items = [1, 2n].map((each) => html`<li>${each}</li>`)
    expect(html`<ul>${items}${undefined}</ul>`.text).toBe('<ul><li>1</li><li>2</li></ul>')
  })

  test('takes nothing for markup that only looks like it', () => {
    const alike = JSON.parse('{"text": "<b>"}')
    expect(() => html`<p>${alike}</p>`.text).toThrow()
  })
})

/** What a reader sees: what a terminal would be given, with line ends. */
function shown(text: string): string {
  const code = (c: string) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => (c === '\n' ? c : code(c)))
}

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
  }
  return text.replace(/&([a-z]+|#39);/g, (_, name: string) => characters[name] ?? '?')
}

const at = '2026-11-27T03:11:08.000Z'
const shop = clusterInput(listsIn('shop'), defaultConfig, at)
const servedBy = { version: '0.1.0', pod: 'controller' }

/** A cluster in which somebody has chosen every text. */
function spoilt(text: string): ClusterInput {
  const spoil = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(spoil)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        return [name, FREE.includes(name) && typeof each === 'string' ? text : spoil(each)]
      }),
    )
  }
  const { at: _, ...rest } = shop
  return { ...(spoil(rest) as typeof rest), at }
}

/** Fields that hold what people write. */
const FREE = [
  ...['about', 'text', 'message', 'reason', 'image', 'node', 'pod', 'pool', 'holder'],
  ...['version', 'backend', 'scope'],
]

/** A page is nothing but text and tags such as these; no value of an attribute has a quote in it. */
const PAGE = /^<!doctype html>\s*(?:[^<>]|<\/?[a-z1-6]+(?: [a-zA-Z-]+(?:="[^"<>]*")?)*\/?>)*$/

/** The names of the tags of a page and of their attributes, sorted: rows may stand in another order. */
function structureOf(page: string): readonly string[] {
  expect(page).toMatch(PAGE)
  return [...page.matchAll(/<[^>]*>/g)]
    .map(([tag]) => tag.replace(/="[^"]*"| selected/g, ''))
    .sort()
}

test('no text of an object becomes markup, whatever it is', () => {
  const page = (text: string): string => {
    const input = spoilt(text)
    const query = { filter: '', service: text, from: text, to: text, node: text }
    const service = serviceDetail('shop/web', input, [])
    const found = { node: text, answer: text, withRules: text, troubles: [] }
    const view = pageView(input)
    return pageHtml({ view, query, service, found, troubles: [text], servedBy })
  }
  const expected = structureOf(page('plain'))
  expect(expected.length).toBeGreaterThan(300)
  fc.assert(
    fc.property(
      hostile.filter((text) => text.trim() !== ''),
      (text) => {
        expect(structureOf(page(text))).toEqual(expected)
      },
    ),
    { numRuns: 50 },
  )
})

test('a link leads to this page, whatever it names', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const query = readQuery(() => text)
      const link = linkTo(query, {}, 'where')
      const { origin, pathname, searchParams, hash } = new URL(link, 'http://localhost/')
      expect([origin, pathname, hash]).toEqual(['http://localhost', '/', '#where'])
      expect(searchParams.get('to') ?? '').toBe(query.to.replace(/\p{Cs}/gu, '\ufffd'))
    }),
  )
})

test('nothing in it comes from elsewhere, or is script or style in the page itself', () => {
  const view = pageView(shop)
  const query = readQuery(() => null)
  const page = pageHtml({
    view,
    query,
    service: undefined,
    found: undefined,
    troubles: [],
    servedBy,
  })
  expect(page).not.toMatch(/ style=| on[a-z]+=|<style|<script>/)
  for (const text of [page, style, script]) expect(text).not.toMatch(/https?:|url\(|src="\/\//)
  expect(icon.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg'])
})

test('many Services: those that are not in order come first, and the rest is counted', () => {
  const view = pageView(shop)
  const [fine] = view.services.filter(({ tone }) => tone === 'fine')
  const [bad] = view.services.filter(({ tone }) => tone === 'bad')
  if (fine === undefined || bad === undefined) throw new Error('the shop has both')
  const many = { ...view, services: [...Array.from({ length: 250 }, () => fine), bad] }
  const query = readQuery(() => null)
  const rest = { query, service: undefined, found: undefined, troubles: [], servedBy }
  const page = pageHtml({ ...rest, view: many })
  const rows = [...page.matchAll(/<tr role="row" class="(fine|warn|bad)">/g)].map(
    ([, tone]) => tone,
  )
  expect(rows.slice(0, 201)).toEqual(['bad', ...Array.from({ length: 199 }, () => 'fine'), 'fine'])
  expect(page).toContain('51 more rows')
})

describe('what there is none of, or much', () => {
  const query = readQuery(() => null)
  const rest = { query, found: undefined, troubles: [], servedBy }
  const empty = pageView({
    ...shop,
    ...{ nodes: [], agents: [], told: [], announcers: [], usage: [], waiting: [], warnings: [] },
    served: { services: [], denials: [] },
  })

  test('a cluster without anything', () => {
    const page = pageHtml({ ...rest, view: empty, service: undefined })
    for (const text of [
      'No Service has an address for clients outside',
      'There is no pool.',
      'There is no Node.',
      'There is none.',
    ]) {
      expect(page).toContain(text)
    }
    const filtered = { ...rest, query: { ...query, filter: '<x>' } }
    expect(pageHtml({ ...filtered, view: empty, service: undefined })).toContain('“&lt;x&gt;”')
  })

  test('a warning without a time', () => {
    const warnings = [{ about: 'a/b', reason: 'R', message: 'm', ago: '' }]
    const page = pageHtml({ ...rest, view: { ...empty, warnings }, service: undefined })
    expect(page).toMatch(/<b>a\/b<\/b> R <br>m/)
  })

  test('whether a Node does what it should is what its agent says', () => {
    const [row] = pageView(shop).nodes
    const { told } = row ?? {}
    if (row === undefined || told === undefined) throw new Error('an agent tells of its Node')
    const found = { node: row.node, answer: 'x', withRules: 'x', troubles: [] }
    const of = (heard: typeof told | undefined, state: typeof row.state = 'ready') => {
      const view = { ...empty, nodes: [{ ...row, state, told: heard }] }
      return pageHtml({ ...rest, found, view, service: undefined })
    }
    expect(of({ ...told, refusedServices: 0 })).toContain('its agent says that it is in step.')
    expect(of(told)).toContain('in step, but for 1 of its Services, which the kernel refuses.')
    expect(of({ ...told, ready: false, reason: '<EPERM>' })).toContain('says: &lt;EPERM&gt;.')
    const nothing = 'nodelb status there says whether it is in step.'
    expect(of(undefined)).toContain(nothing)
    // What it told before it crashed or went is not how it is now.
    for (const state of ['not ready', 'no agent'] as const)
      expect(of(told, state)).toContain(nothing)
  })

  test.each([
    [1, '1 restart</span>'],
    [7, '7 restarts</span>'],
  ])('an agent that was restarted says how often: %i', (restarts, text) => {
    const [row] = pageView(shop).nodes
    if (row?.agent === undefined) throw new Error('the shop has agents')
    const nodes = [{ ...row, agent: { ...row.agent, restarts } }]
    expect(pageHtml({ ...rest, view: { ...empty, nodes }, service: undefined })).toContain(text)
  })

  test('a Node whose agent is of another version tells less', () => {
    const [row] = pageView(shop).nodes
    if (row?.told === undefined) throw new Error('an agent of the shop tells of its Node')
    const less = { backend: null, scope: null, owned: null }
    const told = { ...row.told, ...less, p99: '', changed: '', compared: '' }
    const nodes = [{ ...row, agent: undefined, version: '', told }]
    const page = pageHtml({ ...rest, view: { ...empty, nodes }, service: undefined })
    for (const title of ['Version', 'Change to kernel', 'Last change', 'Compared']) {
      const nothing = `data-title="${title}"><div><span class="dim none">–</span></div>`
      expect(page).toContain(nothing)
    }
  })

  test('a Service with many announcers and endpoints, and one without any', () => {
    const [row] = pageView(shop).services
    if (row === undefined) throw new Error('the shop has Services')
    const announcers = ['n1', 'n2', 'n3', 'n4'].map((node) => {
      return { service: row.service, node, protocol: 'bgp', over: [] } as const
    })
    const endpoint = { address: '10.0.0.1', ports: [], node: '', state: 'not ready' } as const
    const many = {
      ...{ service: row.service, isKnown: true, rows: [row], matters: [], announcers },
      origin: { reason: 'it asks for it' },
      endpoints: Array.from({ length: 101 }, () => endpoint),
    }
    const view = { ...empty, services: [{ ...row, announcers }] }
    const page = pageHtml({ ...rest, view, service: many })
    expect(page).toContain('and 1 more</span>')
    expect(page).toContain('<p class="dim">and 1 more</p>')
    expect(page).toContain('by n4 by BGP, to what it does not name')
    expect(page).toContain('<dd>it asks for it</dd>')
    const bare = { ...many, origin: undefined, endpoints: [], rows: [{ ...row, address: '' }] }
    expect(pageHtml({ ...rest, view, service: bare })).toContain('It has none.')
  })
})
