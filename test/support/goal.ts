import { existsSync, readFileSync } from 'node:fs'
import { defaultConfig, readConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { type Problem, printProblem } from '../../src/decode/problem.ts'
import type { BackendKind } from '../../src/model/backend.ts'
import { readObjects } from '../../src/watch/files/read-objects.ts'

export interface FixtureGoal extends Goal {
  readonly problems: readonly Problem[]
}

/** The goal that a fixture's files describe, for its node `node-a`. */
export function fixtureGoal(
  directory: string,
  input = 'input.yaml',
  backend?: BackendKind,
): FixtureGoal {
  const config = fixtureConfig(`${directory}/config.yaml`)
  const objects = readObjects([`${directory}/${input}`, `${directory}/node.yaml`], () => '')
  const node = objects.nodes.get('node-a')
  if (node === undefined) throw new Error(`${directory}: no node-a`)
  const { settings, problems } = toSettings(config, node, { backend })
  return { cluster: objects.cluster, node, settings, problems: [...objects.problems, ...problems] }
}

function fixtureConfig(file: string) {
  if (!existsSync(file)) return defaultConfig
  const read = readConfig(readFileSync(file, 'utf8'), file)
  if (read.kind === 'config') return read.config
  throw new Error(read.problems.map(printProblem).join('\n'))
}
