import type { ServiceDetail } from '../view/cluster/service-detail.ts'
import type { Tone } from '../view/cluster/tone.ts'
import { html, type Markup } from './html.ts'
import { type Column, none, state, table } from './parts.ts'
import { linkTo, type PageQuery } from './query.ts'

/** As many endpoints are listed. */
const MOST = 100

/** Returns the Service that is opened. */
export function serviceSection(detail: ServiceDetail, query: PageQuery): Markup {
  const { service } = detail
  return html`<section id="service" aria-labelledby="service-title" data-live>
<div class="bar"><h2 id="service-title">${service}</h2>
<a class="quiet" href="${linkTo(query, { service: '' }, 'services')}">close</a></div>
<div class="card">
${detail.isKnown ? known(detail, query) : html`<p>There is no such Service, or nothing outside leads to it.</p>`}
</div></section>`
}

function known(detail: ServiceDetail, query: PageQuery): Markup {
  const { matters, endpoints } = detail
  const left = endpoints.length - MOST
  return html`${matters.map(({ text }) => html`<p class="warn">${text}</p>`)}
<dl>\n${facts(detail, query).map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>\n`)}</dl>
<h3>Endpoints (${endpoints.length})</h3>
${endpoints.length === 0 ? html`<p class="dim">It has none.</p>` : table('Endpoints', COLUMNS, endpoints.slice(0, MOST), toneOf)}
${left > 0 ? html`<p class="dim">and ${left} more</p>` : ''}`
}

function facts(detail: ServiceDetail, query: PageQuery): readonly (readonly [string, Markup])[] {
  const { service, rows, origin, announcers } = detail
  const addresses = rows.filter(({ address }) => address !== '')
  const { pool, reason } = origin ?? {}
  const chosen = [...(pool === undefined ? [] : [`of pool ${pool}`]), ...(reason ? [reason] : [])]
  return [
    ...addresses.map(({ address, ports, state: how }) => {
      const told = html`<code>${address}</code> ports ${ports.join(', ')}: ${how}`
      return ['address', told] as const
    }),
    ...(chosen.length === 0 ? [] : [['given', html`${chosen.join(': ')}`] as const]),
    ...announcers.map(({ node, protocol, over }) => {
      const how = protocol === 'bgp' ? 'by BGP, to' : 'on layer 2, on'
      return [
        'announced',
        html`by ${node} ${how} ${over.join(', ') || 'what it does not name'}`,
      ] as const
    }),
    [
      'packets',
      html`<a href="${linkTo(query, { to: service, node: '' }, 'where')}">where they go</a>`,
    ],
  ]
}

type EndpointRow = ServiceDetail['endpoints'][number]

const COLUMNS: readonly Column<EndpointRow>[] = [
  { title: 'Node', cell: ({ node }) => node || none() },
  { title: 'Endpoint', cell: ({ address }) => html`<code>${address}</code>` },
  { title: 'Ports', cell: ({ ports }) => ports.join(', ') || none() },
  { title: 'State', cell: (row) => state(toneOf(row), row.state) },
]

function toneOf({ state: how }: EndpointRow): Tone {
  return how === 'ready' ? 'fine' : 'warn'
}
