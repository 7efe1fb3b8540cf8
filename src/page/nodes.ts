import type { HeardNode, NodeRow } from '../view/cluster/node-list.ts'
import type { PageView } from '../view/cluster/page-view.ts'
import { html, type Markup } from './html.ts'
import { type Column, none, state, table } from './parts.ts'

/** Returns the Nodes with their agents, and what these tell of them. */
export function nodesSection({ nodes }: PageView): Markup {
  return html`<section id="nodes" data-live aria-labelledby="nodes-title"><h2 id="nodes-title">Nodes</h2>
${nodes.length === 0 ? html`<p class="empty">There is no Node.</p>` : table('Nodes', NODES, nodes, ({ tone }) => tone)}</section>`
}

const NODES: readonly Column<NodeRow>[] = [
  { title: 'Node', cell: ({ node }) => node },
  { title: 'Agent', cell: agentCell },
  { title: 'Version', cell: ({ version }) => version || none() },
  told('Programs', programsCell),
  told('Change to kernel', ({ p99 }) =>
    p99 === '' ? none() : html`${p99} <span class="dim">p99</span>`,
  ),
  told('Last change', ({ changed }) => (changed === '' ? none() : `${changed} ago`)),
  told('Compared', ({ compared }) => (compared === '' ? none() : `${compared} ago`)),
  { ...told('Repairs', ({ repairs }) => String(repairs)), isNumber: true },
  { ...told('Refused', ({ refusedServices }) => String(refusedServices)), isNumber: true },
  { title: 'Announces', cell: ({ announces }) => String(announces.length), isNumber: true },
]

/** A column of what the agent tells. */
function told(title: string, cell: (told: HeardNode) => Markup | string): Column<NodeRow> {
  return { title, cell: (row) => (row.told === undefined ? none() : cell(row.told)) }
}

function agentCell({ tone, state: how, agent }: NodeRow): Markup {
  const { restarts = 0 } = agent ?? {}
  const times = restarts === 1 ? '1 restart' : `${restarts} restarts`
  const more = restarts === 0 ? '' : html` <span class="dim line">${times}</span>`
  return html`${state(tone, how)}${more}`
}

function programsCell({ backend, scope, owned }: HeardNode): Markup {
  const tables = owned === false ? ', not alone' : ''
  return html`${backend ?? none()} <span class="dim line">${scope ?? ''}${tables}</span>`
}
