import { ApiClient } from '../../watch/api/client.ts'
import { readClusterLists } from '../../watch/cluster-lists.ts'
import { apiLocation } from '../api-location.ts'
import { TROUBLE } from '../arguments.ts'
import type { ClusterOptions } from '../kubectl-arguments.ts'
import type { Output } from '../output.ts'
import { answerTo } from './answer.ts'
import { configOf } from './config.ts'
import { explainNode } from './explain-node.ts'

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
    const known = { lists, config, at: new Date().toISOString() }
    const { question, format } = options
    if (question.kind === 'explain') return await explainNode({ question, format }, known, output)
    const answer = answerTo(question, known)
    if (answer.wrong !== undefined) {
      output.say(`nodelb: ${answer.wrong}`)
      return TROUBLE
    }
    output.out(format === 'json' ? answer.json : answer.text(output))
    return lists.troubles.length > 0 ? TROUBLE : answer.code
  } finally {
    client.close()
  }
}

/** The longest time for reading a cluster, in milliseconds. */
const READING_MS = 120_000
