import { unreachable } from '../../model/unreachable.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import { clusterView } from '../../view/cluster/cluster-view.ts'
import { poolList } from '../../view/cluster/pool-list.ts'
import { serviceList } from '../../view/cluster/service-list.ts'
import { announcersReport } from '../announcers/announcers.ts'
import { reportAsJson } from '../announcers/print-json.ts'
import { reportAsText } from '../announcers/print-text.ts'
import { ofNode } from '../announcers/view.ts'
import type { ClusterQuestion } from '../kubectl-arguments.ts'
import type { Output } from '../output.ts'
import { drainOf } from './drain.ts'
import { printCluster, printPools, printServices } from './print-cluster.ts'
import { printDrain } from './print-drain.ts'
import { announcingIn, clusterInput, type Known } from './read.ts'

type Answer =
  | {
      readonly wrong?: never
      readonly code: number
      readonly json: string
      readonly text: (look: Pick<Output, 'colour' | 'columns'>) => string
    }
  | { readonly wrong: string }

/** Returns the answer to a question, as text and as JSON. */
export function answerTo(question: ClusterQuestion, { lists, config, at }: Known): Answer {
  const input = (): ClusterInput => clusterInput(lists, config, at)
  switch (question.kind) {
    case 'status': {
      const view = clusterView(input())
      const code = view.matters.length > 0 ? 1 : 0
      return { code, json: asJson(view), text: (look) => printCluster(view, look) }
    }
    case 'services': {
      const services = serviceList(input())
      return { code: 0, json: asJson({ services }), text: (look) => printServices(services, look) }
    }
    case 'pools': {
      const pools = poolList(input())
      return { code: 0, json: asJson({ pools }), text: (look) => printPools(pools, look) }
    }
    case 'announcers':
      return announcers(question.node, { lists, config, at })
    case 'drain':
      return drain(question.node, { lists, config, at })
    default:
      return unreachable(question)
  }
}

function announcers(node: string | undefined, { lists, config }: Known): Answer {
  const read = announcingIn(lists, config)
  const wrong = node === undefined ? undefined : unknownNode('--node', node, read)
  if (wrong !== undefined) return { wrong }
  const whole = announcersReport(read, config, { without: [] })
  const report = node === undefined ? whole : ofNode(whole, node)
  return { code: 0, json: reportAsJson(report), text: () => reportAsText(report) }
}

function drain(node: string, { lists, config }: Known): Answer {
  const read = announcingIn(lists, config)
  const wrong = unknownNode('drain', node, read)
  if (wrong !== undefined) return { wrong }
  const told = drainOf(node, read, config)
  return { code: 0, json: asJson(told), text: () => printDrain(told) }
}

function unknownNode(
  where: string,
  found: string,
  { objects }: ReturnType<typeof announcingIn>,
): string | undefined {
  const isKnown = objects.nodes.some(({ name }) => name === found)
  return isKnown ? undefined : `${where}: found "${found}", expected the name of a Node`
}

/** Sizes of pools may be larger than a number holds exactly; the nearest number stands for them. */
function asJson(value: object): string {
  const plain = (_: string, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)
  return `${JSON.stringify(value, plain)}\n`
}
