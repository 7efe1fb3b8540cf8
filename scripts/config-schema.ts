// Writes the JSON Schema of a NodelbConfiguration where it is published: docs/ has the file for editors,
// and the chart's schema of its values has the same fields, so that Helm refuses what no agent reads.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execaSync } from 'execa'
import { nodelbSchema } from '../src/config/json-schema.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const published = 'docs/nodelb-configuration.schema.json'
const values = 'charts/nodelb/values.schema.json'

const { apiVersion: _, kind: __, ...properties } = nodelbSchema().properties
const chart = JSON.parse(readFileSync(root + values, 'utf8'))
const config = { $ref: '#/definitions/nodelbConfiguration' }
chart.properties.config = config
chart.properties.controller.properties.config = config
chart.definitions = {
  nodelbConfiguration: { type: 'object', additionalProperties: false, properties },
}
writeFileSync(root + published, `${JSON.stringify(nodelbSchema(), null, 2)}\n`)
writeFileSync(root + values, `${JSON.stringify(chart, null, 2)}\n`)
execaSync('npx', ['biome', 'format', '--write', published, values], { cwd: root, stdio: 'inherit' })
