import type { Config } from '../../config/config.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import { clusterView } from '../../view/cluster/cluster-view.ts'
import { poolList } from '../../view/cluster/pool-list.ts'
import { serviceList } from '../../view/cluster/service-list.ts'
import { ApiClient } from '../../watch/api/client.ts'
import { type ClusterLists, readClusterLists } from '../../watch/cluster-lists.ts'
import { announcersReport } from '../announcers/announcers.ts'
import { reportAsJson } from '../announcers/print-json.ts'
import { reportAsText } from '../announcers/print-text.ts'
import { ofNode } from '../announcers/view.ts'
import { apiLocation } from '../api-location.ts'
import { TROUBLE } from '../arguments.ts'
import type { ClusterOptions, ClusterQuestion } from '../kubectl-arguments.ts'
import type { Output } from '../output.ts'
import { configOf } from './config.ts'
import { drainOf } from './drain.ts'
import { printCluster, printPools, printServices } from './print-cluster.ts'
import { printDrain } from './print-drain.ts'
import { announcingIn, clusterInput } from './read.ts'

/**
 * Runs `nodelb cluster`: reads the API server once and prints what was asked for. Returns 0, 1 if
 * `status` has something that needs a person, and 2 if something cannot be read.
 */
export async function clusterCommand(
  options: ClusterOptions,
  version: string,
  output: Output,
): Promise<number> {
  const location = apiLocation(options.kubeconfig)
  if (location.kind === 'unknown') {
    output.say(`nodelb: ${location.reason}`)
    return TROUBLE
  }
  const client = new ApiClient(location, `kubectl-nodelb/${version}`)
  try {
    const lists = await readClusterLists(client, AbortSignal.timeout(READING_MS))
    for (const trouble of lists.troubles) output.say(`nodelb: ${trouble}`)
    if (!lists.isWhole) return TROUBLE
    const config = await configOf({ path: options.config, client, lists }, output)
    if (config === undefined) return TROUBLE
    const answer = answerTo(options.question, { lists, config, at: new Date().toISOString() })
    if (answer.wrong !== undefined) {
      output.say(`nodelb: ${answer.wrong}`)
      return TROUBLE
    }
    output.out(options.format === 'json' ? answer.json : answer.text(output))
    return lists.troubles.length > 0 ? TROUBLE : answer.code
  } finally {
    client.close()
  }
}

/** The longest time for reading a cluster, in milliseconds. */
const READING_MS = 120_000

/** What an answer follows from. */
export interface Known {
  readonly lists: ClusterLists
  readonly config: Config
  /** The time of reading, RFC 3339. */
  readonly at: string
}

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
