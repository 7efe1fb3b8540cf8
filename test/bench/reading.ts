import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { goYaml } from '../support/go-yaml.ts'
import { nodelb } from '../support/lab.ts'
import { type Manifest, makeManifests, nodeManifest } from './agent-objects.ts'
import type { Section } from './backends.ts'
import type { Size } from './cluster.ts'
import { memoryOf } from './memory.ts'
import { median, ratio, short, table } from './statistics.ts'

/** Milliseconds between two looks at the memory of a process. */
const LOOK_INTERVAL = 10

interface Reading {
  readonly ms: number
  readonly peakMb: number
}

/** The same objects in each form that files have, from the start of `nodelb render` to its end. */
export async function measureReading(
  folder: string,
  progress: (what: string) => void,
  { services, turns }: { readonly services: number; readonly turns: number },
): Promise<Section> {
  progress(`files of ${services} Services`)
  const found = writeFiles(folder, services).map((file) => ({ ...file, readings: [] as Reading[] }))
  for (let turn = 0; turn < turns; turn++) {
    for (const { file, readings } of found) readings.push(await measured(file))
  }
  const of = (readings: readonly Reading[], what: keyof Reading): number =>
    median(readings.map((each) => each[what]))
  const [json] = found.map(({ readings }) => of(readings, 'ms'))
  const rows = found.map(({ form, mb, readings }) => [
    form,
    short(mb),
    short(of(readings, 'ms') / 1000),
    ratio(json ?? Number.NaN, of(readings, 'ms')),
    short(of(readings, 'peakMb')),
  ])
  return {
    title: `Files: nodelb render of ${services} Services and their slices with managedFields; medians`,
    body: table(['form', 'MB', 'seconds', 'JSON is faster', 'peak MB'], rows),
    notes: [
      'The YAML is printed as kubectl prints it with --show-managed-fields. Small files have 100 objects each,',
      'so that their peak is what is stored, and what render prints.',
    ],
  }
}

interface Form {
  readonly form: string
  readonly file: string
  readonly mb: number
}

/** Objects in a small file: reading it takes no memory to speak of, so that what is stored shows. */
const PER_FILE = 100

function writeFiles(folder: string, count: number): readonly Form[] {
  const size: Size = { services: count, endpoints: 2, dualStack: false, external: true }
  const { services, slices } = makeManifests(size)
  const items = [nodeManifest, ...[...services, ...slices].map(withManagedFields)]
  const documents = items.map((item) => `---\n${goYaml(item)}`).join('')
  const parts = Array.from({ length: Math.ceil(items.length / PER_FILE) }, (_, at) =>
    JSON.stringify(listOf(items.slice(at * PER_FILE, (at + 1) * PER_FILE))),
  )
  const forms = [
    { form: 'JSON, one List', name: 'list.json', texts: [JSON.stringify(listOf(items), null, 4)] },
    { form: 'YAML, one List', name: 'list.yaml', texts: [goYaml(listOf(items))] },
    { form: 'YAML, a document each', name: 'documents.yaml', texts: [documents] },
    { form: 'JSON, small files', name: 'small', texts: parts },
  ]
  return forms.map(({ form, name, texts }) => {
    const place = join(folder, name)
    const [only = ''] = texts
    if (texts.length === 1) writeFileSync(place, only)
    else {
      mkdirSync(place)
      for (const [at, text] of texts.entries()) writeFileSync(join(place, `${at}.json`), text)
    }
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    return { form, file: place, mb: bytes / 1e6 }
  })
}

function listOf(items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items }
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

/** The peak is looked at until the process ends, which it does soon after. */
async function measured(file: string): Promise<Reading> {
  const { name } = nodeManifest.metadata
  let peakMb = 0
  const began = performance.now()
  const child = execa(nodelb, ['render', '--scope', 'all', '-f', file, '--node', name], {
    stdout: 'ignore',
  })
  const looking = setInterval(() => {
    peakMb = Math.max(peakMb, memoryOf(child.pid ?? 0, 'VmHWM'))
  }, LOOK_INTERVAL)
  await child.finally(() => clearInterval(looking))
  return { ms: performance.now() - began, peakMb }
}
