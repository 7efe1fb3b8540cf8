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
  const { node, scope, backend, format } = options
  const { config, documents = [], problems } = loadConfig(options.config)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  const { problems: found } = toSettings(config, ANY_NODE, { scope, backend })
  // What is only noted depends on the node, which is not known here.
  const errors = found.filter(({ severity }) => severity === 'error')
  for (const problem of errors) output.say(printProblem(problem))
  if (errors.length > 0) return TROUBLE
  const nodeName = process.env['NODE_NAME']
  const fields = inForce(config, documents, { scope, backend, node, nodeName })
  output.out(format === 'json' ? asJson(fields) : asText(fields))
  return 0
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
