import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { goYaml } from '../support/go-yaml.ts'
import { nodelb } from '../support/lab.ts'
import { type Manifest, makeManifests, nodeManifest } from './agent-objects.ts'
import type { Section } from './backends.ts'
import type { Size } from './cluster.ts'
import { median, ratio, short, table } from './statistics.ts'

/** With `--quick` fewer, for a machine that is busy. */
const SERVICES = process.argv.includes('--quick') ? 1_000 : 10_000
const SIZE: Size = { services: SERVICES, endpoints: 2, dualStack: false, external: true }
const TURNS = 5

/** The same objects in each form that files have, from the start of `nodelb render` to its end. */
export async function measureReading(
  folder: string,
  progress: (what: string) => void,
): Promise<Section> {
  progress(`files of ${SERVICES} Services`)
  const files = writeFiles(folder)
  const found = files.map((file) => ({ ...file, ms: [] as number[] }))
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { file, ms } of found) ms.push(await timed(file))
  }
  const json = median(found[0]?.ms ?? [])
  const rows = found.map(({ form, file, ms }) => {
    const seconds = median(ms) / 1000
    return [form, short(statSync(file).size / 1e6), short(seconds), ratio(json, median(ms))]
  })
  return {
    title: `Files: nodelb render of ${SERVICES} Services and their slices with managedFields; medians`,
    body: table(['form', 'MB', 'seconds', 'JSON is faster'], rows),
    notes: ['The YAML is printed as kubectl prints it with --show-managed-fields.'],
  }
}

function writeFiles(folder: string): readonly { readonly form: string; readonly file: string }[] {
  const { services, slices } = makeManifests(SIZE)
  const items = [nodeManifest, ...[...services, ...slices].map(withManagedFields)]
  const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items }
  const documents = items.map((item) => `---\n${goYaml(item)}`).join('')
  const forms = [
    { form: 'JSON, one List', name: 'list.json', text: JSON.stringify(list, null, 4) },
    { form: 'YAML, one List', name: 'list.yaml', text: goYaml(list) },
    { form: 'YAML, a document each', name: 'documents.yaml', text: documents },
  ]
  return forms.map(({ form, name, text }) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return { form, file }
  })
}

/** With what the API server keeps of the programs that wrote the object. */
function withManagedFields(object: Manifest): object {
  const { metadata, ...rest } = object
  const managedFields = ['kubectl-client-side-apply', 'controller'].map((manager) => ({
    apiVersion: object.apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf({ metadata: { labels: metadata['labels'] }, ...rest }),
    manager,
    operation: 'Update',
    time: '2026-01-31T12:00:00Z',
  }))
  return { ...object, metadata: { ...metadata, managedFields } }
}

function fieldsOf(value: object): object {
  const fields = Object.entries(value).map(([name, inside]) => {
    const isMap = typeof inside === 'object' && inside !== null && !Array.isArray(inside)
    return [`f:${name}`, isMap ? fieldsOf(inside) : {}]
  })
  return Object.fromEntries(fields)
}

async function timed(file: string): Promise<number> {
  const { name } = nodeManifest.metadata
  const began = performance.now()
  await execa(nodelb, ['render', '--scope', 'all', '-f', file, '--node', name], {
    stdout: 'ignore',
  })
  return performance.now() - began
}
