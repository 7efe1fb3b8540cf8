import type { PageView } from '../view/cluster/page-view.ts'
import type { ServiceDetail } from '../view/cluster/service-detail.ts'
import { factsSection, needsSection, poolsSection, warningsSection } from './around.ts'
import { html, type Markup } from './html.ts'
import { nodesSection } from './nodes.ts'
import type { PageQuery } from './query.ts'
import { serviceSection } from './service.ts'
import { servicesSection } from './services.ts'
import { type Whereabouts, whereSection } from './where.ts'

/** What the page is made of. */
interface PageContent {
  readonly view: PageView
  readonly query: PageQuery
  /** The Service that is opened; undefined if none is. */
  readonly service: ServiceDetail | undefined
  /** The answer of the form; undefined if nothing was asked. */
  readonly found: Whereabouts | undefined
  /** What could not be read, and why. */
  readonly troubles: readonly string[]
  readonly servedBy: ServedBy
}

/** Which program serves the page. */
export interface ServedBy {
  readonly version: string
  /** The name of the Pod. */
  readonly pod: string
}

/** Returns the page, a whole document. */
export function pageHtml(content: PageContent): string {
  const { view, query, service, found, troubles, servedBy } = content
  const main = html`<div id="troubles" data-live>${troubles.length === 0 ? '' : troublesSection(troubles)}</div>
${factsSection(view)}
${needsSection(view, query)}
${servicesSection(view.services, query)}
${service === undefined ? '' : serviceSection(service, query)}
${nodesSection(view)}
${poolsSection(view)}
${whereSection(view, query, found)}
${warningsSection(view)}`
  return document(main, asOf(view.at), servedBy)
}

/** Returns the page that says why there is nothing to show. */
export function troublesHtml(troubles: readonly string[], servedBy: ServedBy): string {
  return document(troublesSection(troubles), html``, servedBy)
}

function asOf(at: string): Markup {
  return html`as of <time id="as-of" data-live datetime="${at}">${at.slice(11, 19)} UTC</time>`
}

function troublesSection(troubles: readonly string[]): Markup {
  const items = troubles.map((text) => html`<li class="bad"><span>${text}</span></li>\n`)
  return html`<section aria-labelledby="troubles-title"><h2 id="troubles-title">Not known</h2>
<ul class="needs">\n${items}</ul></section>`
}

function document(main: Markup, when: Markup, { version, pod }: ServedBy): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>nodelb</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
<noscript><meta http-equiv="refresh" content="30"></noscript>
</head>
<body>
<header><h1>nodelb</h1><p>${version} · ${pod} <span id="connection">· ${when}</span></p></header>
<main>
${main}
</main>
</body>
</html>
`.text
}
