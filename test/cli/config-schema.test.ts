import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readConfig } from '../../src/config/config.ts'
import type { Field } from '../../src/config/field.ts'
import { defaultText, valuesText } from '../../src/config/field-texts.ts'
import { nodelbSchema } from '../../src/config/json-schema.ts'
import { nested } from '../../src/config/nested.ts'
import { nodelbTable } from '../../src/config/nodelb-table.ts'
import { parseDuration } from '../../src/decode/duration.ts'
import { anyFields, valuesFor } from './config-values.ts'

const root = new URL('../../', import.meta.url)
const file = (name: string) => JSON.parse(readFileSync(new URL(name, root), 'utf8'))

const schema = z.fromJSONSchema(nodelbSchema() as Parameters<typeof z.fromJSONSchema>[0])
const head = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }

function takenBySchema(document: unknown): boolean {
  return schema.safeParse(document).success
}

function taken(document: unknown): boolean {
  return readConfig(JSON.stringify(document), 'config.json').kind === 'config'
}

/** The schema tells how these look, and not whether they are what they look like. */
const READ_CLOSELY: readonly string[] = [
  'serviceCIDRs',
  'externalIPs.allow',
  'healthzBindAddress',
  'metricsBindAddress',
  'ui.bindAddress',
  'metrics.services.selector',
  'announce.layer2.excludeInterfaces',
]

/** Returns whether a value that looks right is beyond what the schema can say of it. */
function beyond({ path, value: kind }: Field, value: unknown): boolean {
  if (kind.kind !== 'duration') return READ_CLOSELY.includes(path)
  const milliseconds = (parseDuration(String(value)) ?? 0) * 1000
  const least = path.endsWith('members.timeout') ? 400 : kind.least // Two intervals.
  return milliseconds < least || milliseconds > kind.most
}

describe('the JSON Schema', () => {
  test.each(nodelbTable.map((field) => [field.path, field] as const))(
    'takes and refuses what the program does: %s',
    (path, field) => {
      fc.assert(
        fc.property(valuesFor(field), (value) => {
          const document = { ...head, ...nested([[path, value]]) }
          const looksRight = takenBySchema(document)
          const isTaken = taken(document)
          if (isTaken !== looksRight) {
            expect({ value, looksRight, beyond: beyond(field, value) }).toEqual({
              value,
              looksRight: true,
              beyond: true,
            })
          }
        }),
        { numRuns: 200 },
      )
    },
  )

  test('takes every document of good values, as the program does', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const document = { ...head, ...fields }
        expect([takenBySchema(document), taken(document)]).toEqual([true, true])
      }),
    )
  })

  test.each([
    [{ nope: 1 }],
    [{ announce: { nope: 1 } }],
    [{ announce: 'layer2' }],
    [{ announce: { layer2: { members: [] } } }],
    [{ kind: 'KubeProxyConfiguration' }],
    [{ apiVersion: 'nodelb.io/v1' }],
  ])('refuses %j, as the program does', (fields) => {
    const document = { ...head, ...fields }
    expect([takenBySchema(document), taken(document)]).toEqual([false, false])
  })

  test('takes null for an object, as the program does', () => {
    const document = { ...head, announce: { layer2: null }, limits: null }
    expect([takenBySchema(document), taken(document)]).toEqual([true, true])
  })

  // npm run schema writes both.
  test('is the file for editors', () => {
    expect(file('docs/nodelb-configuration.schema.json')).toEqual(nodelbSchema())
  })

  test('is that of config and controller.config of the chart', () => {
    const { definitions, properties } = file('charts/nodelb/values.schema.json')
    const { apiVersion: _, kind: __, ...own } = nodelbSchema().properties
    expect(definitions.nodelbConfiguration).toEqual({
      type: 'object',
      additionalProperties: false,
      properties: own,
    })
    const reference = { $ref: '#/definitions/nodelbConfiguration' }
    expect(properties.config).toEqual(reference)
    expect(properties.controller.properties.config).toEqual(reference)
  })
})

test('docs/configuration.md has the values and the default of each field', () => {
  const docs = readFileSync(new URL('docs/configuration.md', root), 'utf8')
  const rows = docs.split('| Field | Values | Default | Meaning |')[1]?.split('\n\n')[0] ?? ''
  const listed = rows.split('\n').flatMap((row) => {
    const [, names = '', values = '', otherwise = ''] = row.split('|').map((cell) => cell.trim())
    return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, values, plain(otherwise)])
  })
  const expected = nodelbTable.map((field) => [
    field.path,
    valuesText(field),
    plain(defaultText(field)),
  ])
  expect(listed.sort()).toEqual(expected.sort())
})

function plain(text: string): string {
  return text.replaceAll('`', '')
}
