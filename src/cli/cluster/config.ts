import { type Config, type ConfigFile, defaultConfig, readConfig } from '../../config/config.ts'
import { valueAt } from '../../decode/fields.ts'
import { printProblem } from '../../decode/problem.ts'
import type { ApiClient } from '../../watch/api/client.ts'
import type { ClusterLists } from '../../watch/cluster-lists.ts'
import { parseJson } from '../../watch/watch-event.ts'
import { loadConfig } from '../load.ts'
import type { Output } from '../output.ts'
import { agentsIn } from './read.ts'

/** Where a configuration is looked for. */
interface Place {
  /** A file or a folder in place of what the agents mount. */
  readonly path: string | undefined
  readonly client: ApiClient
  readonly lists: ClusterLists
}

/**
 * Returns the configuration of the path, else that of the ConfigMap that the agents mount, else the
 * default. Says what is wrong; undefined if what the path names cannot be used.
 */
export async function configOf(
  place: Place,
  output: Pick<Output, 'say'>,
): Promise<Config | undefined> {
  if (place.path !== undefined) {
    const { config, problems } = loadConfig(place.path)
    for (const problem of problems) output.say(printProblem(problem))
    return config
  }
  const name = agentsIn(place.lists).find(({ config }) => config !== undefined)?.config
  if (name === undefined) return defaultConfig
  const found = await mounted(name, place.client)
  if (typeof found === 'string') {
    output.say(`nodelb: ConfigMap ${name} is not read, and the defaults count: ${found}`)
    return defaultConfig
  }
  const [first, ...more] = found
  if (first === undefined) return defaultConfig
  const read = readConfig(first.text, first.source, more)
  for (const problem of read.problems) output.say(printProblem(problem))
  return read.kind === 'config' ? read.config : defaultConfig
}

/** Returns the files of a ConfigMap, or why it has none. */
async function mounted(name: string, client: ApiClient): Promise<readonly ConfigFile[] | string> {
  const path = `/api/v1/namespaces/${name.replace('/', '/configmaps/')}`
  const answer = await client.fetch({ path, signal: AbortSignal.timeout(ANSWER_MS) })
  if (answer.kind === 'broken') return answer.reason
  if (answer.status !== 200) return `the server answers ${answer.status}`
  const data = valueAt(parseJson(answer.text), ['data'])
  return Object.entries(data ?? {}).map(([key, text]) => {
    return { source: `ConfigMap ${name}: ${key}`, text: String(text) }
  })
}

/** The longest wait for the ConfigMap, in milliseconds. */
const ANSWER_MS = 30_000
