import { isInStep, type NodeRow } from '../view/cluster/node-list.ts'
import type { PageView } from '../view/cluster/page-view.ts'
import { html, type Markup } from './html.ts'
import { kept } from './parts.ts'
import type { PageQuery } from './query.ts'

/** Where a packet goes on a Node, as lines of text. */
export interface Whereabouts {
  readonly node: string
  readonly answer: string
  /** The same with the rules that do something to the packet. */
  readonly withRules: string
  /** Why there is no answer. */
  readonly troubles: readonly string[]
}

/** Returns the form that asks where a packet goes, with the answer if it was asked. */
export function whereSection(
  { nodes, services }: PageView,
  query: PageQuery,
  found: Whereabouts | undefined,
): Markup {
  const names = new Set(services.map(({ service }) => service))
  const places = [...names].slice(0, MOST).map((name) => html`<option value="${name}"></option>`)
  const options = nodes.map(({ node }) => {
    const chosen = node === query.node ? html` selected` : ''
    return html`<option value="${node}"${chosen}>${node}</option>`
  })
  return html`<section id="where" aria-labelledby="where-title"><h2 id="where-title">Where does a packet go?</h2>
<form class="where" action="./#where">
<label>from <input name="from" value="${query.from}" placeholder="the Node itself" autocomplete="off" spellcheck="false"></label>
<label>to <input name="to" value="${query.to}" required placeholder="192.0.2.10:80 or shop/web" list="places" autocomplete="off" spellcheck="false"></label>
<datalist id="places">${places}</datalist>
<label>at <select name="node"><option value="">a Node that announces it</option>${options}</select></label>
${kept(query, ['filter', 'service'])}<button>Explain</button></form>
<div id="answer" data-live>${found === undefined ? '' : answer(found, nodes)}</div></section>`
}

/** As many Services are offered to complete what is typed. */
const MOST = 500

function answer(
  { node, answer: text, withRules, troubles }: Whereabouts,
  nodes: readonly NodeRow[],
): Markup {
  if (troubles.length > 0) {
    return html`<div class="card">${troubles.map((each) => html`<p class="warn">${each}</p>`)}</div>`
  }
  return html`<pre tabindex="0" aria-label="The answer">${text}</pre>
<details id="rules"><summary>with its rules</summary><pre tabindex="0" aria-label="The answer with its rules">${withRules}</pre></details>
<p class="dim">This is what ${node} should do, by the objects; ${whether(nodes.find((each) => each.node === node))}.</p>`
}

function whether(row: NodeRow | undefined): string {
  const { told, state } = row ?? {}
  if (told?.ready === false && state !== 'no agent') return `its agent says: ${told.reason}`
  if (row === undefined || !isInStep(row)) return 'nodelb status there says whether it is in step'
  const refused = told?.refusedServices ?? 0
  const but = refused === 0 ? '' : `, but for ${refused} of its Services, which the kernel refuses`
  return `its agent says that it is in step${but}`
}
