import type { PageService } from '../view/cluster/page-view.ts'
import { html, type Markup } from './html.ts'
import { type Column, kept, none, state, table } from './parts.ts'
import { linkTo, type PageQuery } from './query.ts'

/** With more rows than this, those come first that are not in order. */
const MOST = 200

/** Returns the Services with an address for clients outside, and those that wait for one. */
export function servicesSection(all: readonly PageService[], query: PageQuery): Markup {
  const found = all.filter((row) => has(row, query.filter))
  const troubled = found.filter(({ tone }) => tone !== 'fine')
  const fine = found.filter(({ tone }) => tone === 'fine')
  const rows = found.length > MOST ? [...troubled, ...fine].slice(0, MOST) : found
  const left = found.length - rows.length
  return html`<section id="services" aria-labelledby="services-title">
<div class="bar"><h2 id="services-title">Services for clients outside</h2>
<form role="search" action="./#services"><label class="hidden" for="filter">Show only what contains</label>
<input id="filter" name="filter" type="search" placeholder="filter" value="${query.filter}" autocomplete="off">
${kept(query, ['service', 'from', 'to', 'node'])}<button class="quiet">Filter</button></form></div>
<div id="service-rows" data-live>
${rows.length === 0 ? nothing(query) : table('Services', columnsFor(query), rows, ({ tone }) => tone)}
${left > 0 ? html`<p class="dim">${left} more rows. Filter for them, or run kubectl nodelb services.</p>` : ''}
</div></section>`
}

function nothing({ filter }: PageQuery): Markup {
  const why =
    filter === ''
      ? 'No Service has an address for clients outside, or waits for one.'
      : `No Service has “${filter}” in its row.`
  return html`<p class="empty">${why}</p>`
}

function has(row: PageService, filter: string): boolean {
  const { service, address, ports, pool = '', announcedBy, state: how } = row
  const texts = [service, address, ports.join(', '), pool, announcedBy.join(' '), how]
  return texts.join(' ').toLowerCase().includes(filter.toLowerCase())
}

function columnsFor(query: PageQuery): readonly Column<PageService>[] {
  return [
    {
      title: 'Service',
      cell: ({ service }) =>
        html`<a href="${linkTo(query, { service }, 'service')}">${service}</a>`,
    },
    {
      title: 'Address',
      cell: ({ address }) => (address === '' ? none() : html`<code>${address}</code>`),
    },
    { title: 'Ports', cell: ({ ports }) => ports.join(', ') || none() },
    { title: 'Pool', cell: ({ pool }) => pool ?? none() },
    { title: 'Announced by', cell: announcersCell },
    { title: 'Endpoints', cell: ({ endpoints }) => String(endpoints), isNumber: true },
    {
      title: 'Client address',
      cell: ({ local, address }) => (address === '' ? none() : local ? 'kept' : 'masqueraded'),
    },
    { title: 'State', cell: (row) => state(row.tone, row.state) },
  ]
}

/** As many announcers are named in a row. */
const FEW = 3

function announcersCell({ announcers }: PageService): Markup {
  if (announcers.length === 0) return none()
  const shown = announcers.slice(0, FEW).map(({ node, over }) => {
    const by = over.length === 0 ? '' : html` <span class="dim">· ${over.join(', ')}</span>`
    return html`<span class="line">${node}${by}</span>`
  })
  const more = announcers.length - shown.length
  return html`${shown}${more > 0 ? html`<span class="line dim">and ${more} more</span>` : ''}`
}
