import type { Tone } from '../view/cluster/tone.ts'
import { html, type Markup } from './html.ts'
import type { PageQuery } from './query.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Markup | string
  /** Numbers stand at the right. */
  readonly isNumber?: true
}

/**
 * Returns a table. On a narrow screen its rows become cards, where each cell has its title before it; the
 * roles are there because a table that is laid out otherwise is none for screen readers.
 */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  toneOf: (row: Row) => Tone = () => 'fine',
): Markup {
  const heads = columns.map(({ title, isNumber }) => {
    return html`<th role="columnheader" scope="col"${side(isNumber)}>${title}</th>\n`
  })
  const body = rows.map((row) => {
    const cells = columns.map(({ title, cell, isNumber }) => {
      return html`<td role="cell" data-title="${title}"${side(isNumber)}><div>${cell(row)}</div></td>\n`
    })
    return html`<tr role="row" class="${toneOf(row)}">\n${cells}</tr>\n`
  })
  return html`<table role="table" aria-label="${caption}">
<thead role="rowgroup"><tr role="row">\n${heads}</tr></thead>
<tbody role="rowgroup">
${body}</tbody></table>`
}

function side(isNumber: true | undefined): Markup | undefined {
  return isNumber && html` class="number"`
}

/** Returns a state with a mark before it, so that its colour says nothing that is not said twice. */
export function state(tone: Tone, text: string): Markup {
  return html`<span class="state ${tone}">${text}</span>`
}

/** Returns what stands for nothing. */
export function none(): Markup {
  return html`<span class="dim none">–</span>`
}

/** Returns the parameters that a form keeps as they are. */
export function kept(query: PageQuery, names: readonly (keyof PageQuery)[]): readonly Markup[] {
  return names
    .filter((name) => query[name] !== '')
    .map((name) => html`<input type="hidden" name="${name}" value="${query[name]}">`)
}
