import { listAt, textAt } from '../../decode/cluster/text-at.ts'
import { valueAt } from '../../decode/fields.ts'
import type { PageQuery } from '../../page/query.ts'
import type { Whereabouts } from '../../page/where.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import type { PageView } from '../../view/cluster/page-view.ts'
import { type ServiceDetail, serviceDetail } from '../../view/cluster/service-detail.ts'
import { answersAt } from '../cluster/explain-node.ts'
import { type Known, objectsIn } from '../cluster/read.ts'
import type { ClusterState } from './cluster-now.ts'

/** Returns what is known of one Service; of the slices only its own are read. */
export function detailOf(service: string, { lists }: Known, input: ClusterInput): ServiceDetail {
  const values = lists.deciding.values
    .filter((each) => textAt(each, 'kind') === 'EndpointSliceList')
    .map((each) => {
      const items = listAt(each, 'items').filter((item) => serviceOf(item) === service)
      return { kind: 'EndpointSliceList', apiVersion: textAt(each, 'apiVersion'), items }
    })
  const { cluster } = objectsIn({ ...lists, deciding: { values, problems: [] } })
  return serviceDetail(service, input, cluster.slices)
}

function serviceOf(slice: unknown): string {
  const name = valueAt(slice, ['metadata', 'labels', 'kubernetes.io/service-name'])
  return `${textAt(slice, 'metadata', 'namespace')}/${name}`
}

/** As many questions about one state are remembered. */
const MOST = 32

/** What was asked about each state: every browser that looks asks again after a change, often the same. */
const answered = new WeakMap<ClusterState, Map<string, Promise<Whereabouts>>>()

/** Returns where the packet that is asked about goes; the rules of the Node are made once for each state. */
export function whereaboutsIn(state: ClusterState, query: PageQuery): Promise<Whereabouts> {
  const answers = answered.get(state) ?? new Map<string, Promise<Whereabouts>>()
  answered.set(state, answers)
  const key = JSON.stringify([query.from, query.to, query.node])
  const answer = answers.get(key) ?? whereaboutsOf(query, state.known, state.view)
  if (answers.size < MOST) answers.set(key, answer)
  return answer
}

/** Returns where the packet that is asked about goes. */
export async function whereaboutsOf(
  { from, to, node: named }: PageQuery,
  known: Known,
  view: PageView,
): Promise<Whereabouts> {
  const node = named || announcerOf(to, view) || (view.nodes[0]?.node ?? '')
  const said: string[] = []
  const question = { node, to, from: from === '' ? undefined : from }
  const found = await answersAt(question, known, { say: (line) => said.push(line) })
  if (found === undefined) return { node, answer: '', withRules: '', troubles: said.map(plainly) }
  const { answers } = found
  const look = { colour: false, full: undefined }
  return {
    node,
    answer: answers.map(({ text }) => text(look)).join('\n'),
    withRules: answers.map(({ text }) => text({ ...look, full: true })).join('\n'),
    troubles: [],
  }
}

/** The fields of the form have other names than the options of the command. */
function plainly(line: string): string {
  return line.replace(/^nodelb: --(from|to):/, '$1:').replace(/^nodelb: --node:/, 'at:')
}

/** Returns a Node that announces what the packet goes to; undefined if none does. */
function announcerOf(to: string, { services }: PageView): string | undefined {
  const address = to.replace(/^\[(.*)\].*$/, '$1')
  const row = services.find((each) => {
    const isNamed = to === each.service || to.startsWith(`${each.service}:`)
    return isNamed || (each.address !== '' && [address, withoutPort(to)].includes(each.address))
  })
  return row?.announcedBy[0]
}

function withoutPort(to: string): string {
  return to.replace(/:[^:]*$/, '')
}
