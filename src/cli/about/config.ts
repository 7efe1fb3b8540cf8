import { type InForce, inForce, sourceText } from '../../config/in-force.ts'
import { nodelbSchema } from '../../config/json-schema.ts'
import { ANY_NODE, toSettings } from '../../config/settings.ts'
import { writeValue } from '../../config/write-value.ts'
import { printProblem, visible } from '../../decode/problem.ts'
import type { ConfigOptions } from '../about-arguments.ts'
import { TROUBLE } from '../arguments.ts'
import { loadConfig } from '../load.ts'
import type { Output } from '../output.ts'

/** Runs `nodelb config`: prints the configuration in force. Returns 2 if it cannot be used. */
export function configCommand(options: ConfigOptions, output: Output): number {
  const { fields, lines } = configFields(options)
  for (const line of lines) output.say(line)
  if (fields === undefined) return TROUBLE
  output.out(options.format === 'json' ? asJson(fields) : asText(fields))
  return 0
}

type Choices = Omit<ConfigOptions, 'format'>

/** Returns what `nodelb config` prints, and its problems as lines. */
export function configText(choices: Choices): {
  readonly text: string
  readonly lines: readonly string[]
} {
  const { fields = [], lines } = configFields(choices)
  return { text: asText(fields), lines }
}

/** Returns what is in force, if the configuration can be used, and its problems as lines. */
function configFields({ config: path, node, scope, backend }: Choices): {
  readonly fields: readonly InForce[] | undefined
  readonly lines: readonly string[]
} {
  const { config, documents = [], problems } = loadConfig(path)
  const read = problems.map(printProblem)
  if (config === undefined) return { fields: undefined, lines: read }
  const { problems: found } = toSettings(config, ANY_NODE, { scope, backend })
  // What is only noted depends on the node, which is not known here.
  const errors = found.filter(({ severity }) => severity === 'error').map(printProblem)
  const lines = [...read, ...errors]
  if (errors.length > 0) return { fields: undefined, lines }
  const nodeName = process.env['NODE_NAME']
  return { fields: inForce(config, documents, { scope, backend, node, nodeName }), lines }
}

/** Runs `nodelb config schema`. */
export function schemaCommand(output: Output): number {
  output.out(`${JSON.stringify(nodelbSchema(), null, 2)}\n`)
  return 0
}

/** A longer value moves the source in its line alone. */
const VALUE_WIDTH = 26

function asText(fields: readonly InForce[]): string {
  const width = Math.max(...fields.map(({ path }) => path.length))
  const lines = fields.map(({ path, value, none, source }) => {
    const shown = visible(writeValue(value, none)).padEnd(VALUE_WIDTH)
    return `${path.padEnd(width)}  ${shown}  ${sourceText(source)}\n`
  })
  return lines.join('')
}

function asJson(fields: readonly InForce[]): string {
  const entries = fields.map(({ path, value, source }) => [
    path,
    { value, source: sourceText(source) },
  ])
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}
