import type { PageView } from '../view/cluster/page-view.ts'
import type { PoolRow } from '../view/cluster/pool-list.ts'
import type { Tone } from '../view/cluster/tone.ts'
import { html, type Markup } from './html.ts'
import { type Column, table } from './parts.ts'
import { linkTo, type PageQuery } from './query.ts'

/** Returns the facts, each a figure with what it counts. */
export function factsSection({ facts }: PageView): Markup {
  const cards = facts.map(({ name, value, text, tone }) => {
    return html`<div class="${tone}"><dt>${name}</dt><dd><strong>${value}</strong> ${text}</dd></div>\n`
  })
  return html`<section id="facts" data-live aria-label="At a glance"><dl class="facts">\n${cards}</dl></section>`
}

/** Returns what needs a person. */
export function needsSection({ matters, services }: PageView, query: PageQuery): Markup {
  const names = new Set(services.map(({ service }) => service))
  const urgent = matters.toSorted((a, b) => rank(a.tone) - rank(b.tone))
  const items = urgent.map(({ about, text, tone }) => {
    const name = names.has(about)
      ? html`<a href="${linkTo(query, { service: about }, 'service')}">${about}</a>`
      : about
    return html`<li class="${tone}"><b>${name}</b> <span>${text}</span></li>\n`
  })
  const list =
    items.length === 0
      ? html`<p class="calm">Nothing needs you.</p>`
      : html`<ul class="needs">\n${items}</ul>`
  const count = items.length === 0 ? '' : html` <span class="count">${items.length}</span>`
  return html`<section id="needs" data-live aria-labelledby="needs-title">
<h2 id="needs-title">Needs you${count}</h2>
${list}</section>`
}

function rank(tone: Tone): number {
  return tone === 'bad' ? 0 : 1
}

/** Returns how full the pools are. */
export function poolsSection({ pools }: PageView): Markup {
  return html`<section id="pools" data-live aria-labelledby="pools-title"><h2 id="pools-title">Pools</h2>
${pools.length === 0 ? html`<p class="empty">There is no pool.</p>` : table('Pools', POOLS, pools)}</section>`
}

/** From this percentage on a pool is worth a look. */
const NEARLY_FULL = 80

const POOLS: readonly Column<PoolRow>[] = [
  { title: 'Pool', cell: ({ pool }) => pool },
  { title: 'Family', cell: ({ family }) => (family === 'ipv4' ? 'IPv4' : 'IPv6') },
  {
    title: 'In use',
    cell: (row) => html`${bar(row)} ${row.used} <span class="dim">${share(row)}</span>`,
  },
  { title: 'Free', cell: ({ free }) => large(free), isNumber: true },
]

function share({ percent, used }: PoolRow): string {
  return percent === 0 && used > 0 ? '<1 %' : `${percent} %`
}

/** The figure stands beside it, so a screen reader passes it over. */
function bar({ percent, used }: PoolRow): Markup {
  const width = used === 0 ? 0 : Math.max(2, percent)
  const tone: Tone = percent >= NEARLY_FULL ? 'warn' : 'fine'
  return html`<svg class="meter ${tone}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="6" rx="3" class="all"/><rect width="${width}" height="6" rx="3"/></svg>`
}

/** Larger numbers, which pools of IPv6 have, are rounded. */
const EXACT = 1_000_000_000n

function large(count: bigint): Markup | string {
  if (count <= EXACT) return String(count)
  const [digits = '', power = ''] = Number(count).toExponential(1).split('e+')
  return html`about ${digits} · 10<sup>${power}</sup>`
}

/** Returns the newest warnings of nodelb. */
export function warningsSection({ warnings }: PageView): Markup {
  const items = warnings.map(({ about, reason, message, ago }) => {
    const when = ago === '' ? '' : html`<span class="dim">${ago} ago</span>`
    return html`<li><b>${about}</b> ${reason} ${when}<br>${message}</li>\n`
  })
  const list =
    items.length === 0
      ? html`<p class="empty">There is none.</p>`
      : html`<ul class="warnings">\n${items}</ul>`
  return html`<section id="warnings" data-live aria-labelledby="warnings-title"><h2 id="warnings-title">Warnings of the last hour</h2>
${list}</section>`
}
