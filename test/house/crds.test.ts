import { describe, expect, test } from 'vitest'
import { ruleCases, rules } from '../crds/rules.ts'
import { crdFiles, definitions, type Manifest } from '../support/crds.ts'
import { KINDS } from './crd-table.ts'

const crds = definitions()

test('the kustomization has every file, and every file is a kind of the table', () => {
  const names = crds.map(({ spec }) => spec.names.plural)
  expect(names.map((name) => `${name}.yaml`).sort()).toEqual([...crdFiles()].sort())
  expect(crds.map(({ spec }) => spec.names.kind).sort()).toEqual(Object.keys(KINDS).sort())
})

test('test:crds has objects for each rule that an API server is to evaluate', () => {
  const key = ({ kind, message }: { readonly kind: string; readonly message: string }): string =>
    `${kind}: ${message}`
  expect(ruleCases.map(key).sort()).toEqual(rules().map(key).sort())
  for (const { good, bad } of ruleCases) {
    expect(good).not.toEqual([])
    expect(bad).not.toEqual([])
  }
})

/** Schemas without their descriptions. */
function bare(schema: Manifest): Manifest {
  if (Array.isArray(schema)) return schema.map(bare)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).filter(
    ([key, value]) => key !== 'description' || typeof value !== 'string',
  )
  return Object.fromEntries(entries.map(([key, value]) => [key, bare(value)]))
}

/** A metav1.LabelSelector, with the operators that it knows. */
const labelSelector = {
  type: 'object',
  properties: {
    matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
    matchExpressions: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        properties: {
          key: { type: 'string' },
          operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
          values: {
            type: 'array',
            items: { type: 'string' },
            'x-kubernetes-list-type': 'atomic',
          },
        },
      },
      'x-kubernetes-list-type': 'atomic',
    },
  },
  'x-kubernetes-map-type': 'atomic',
}

function isSelector(schema: Manifest): boolean {
  try {
    expect(bare(schema)).toEqual(labelSelector)
    return true
  } catch {
    return false
  }
}

function typeOf(schema: Manifest): string {
  if (schema.type === 'array') return `${typeOf(schema.items)}[]`
  if (isSelector(schema)) return 'LS'
  if (schema.additionalProperties) return 'map'
  return schema.format ?? schema.type
}

function rangeOf({ minimum, maximum, minLength, maxLength, minItems }: Manifest): string {
  if (minItems !== undefined) return `${minItems}..items`
  const [low, high] = [minimum ?? minLength, maximum ?? maxLength]
  return low === undefined && high === undefined ? '' : `${low ?? ''}..${high ?? ''}`
}

/** One line for each field, as in the table. */
function linesOf(schema: Manifest, path: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]: [string, Manifest]) => {
    const place = path === '' ? name : `${path}.${name}`
    const inner = field.type === 'array' ? field.items : field
    const parts = [
      place,
      typeOf(field),
      schema.required?.includes(name) ? 'required' : '',
      field.default === undefined ? '' : `=${field.default}`,
      rangeOf(field),
      field.enum?.join('|') ?? '',
      inner.pattern === undefined ? '' : 'pattern',
      typeOf(field) === 'object' && field['x-kubernetes-map-type'] ? 'atomic' : '',
      field['x-kubernetes-list-map-keys'] ? `by:${field['x-kubernetes-list-map-keys']}` : '',
      field['x-kubernetes-validations'] ? `rules:${field['x-kubernetes-validations'].length}` : '',
    ]
    const line = parts.filter((part) => part !== '').join(' ')
    if (isSelector(inner)) return [line]
    return [line, ...linesOf(inner, field.type === 'array' ? `${place}[]` : place)]
  })
}

/** Every schema below one, with what it is called. */
function schemasIn(schema: Manifest, path: string): readonly (readonly [string, Manifest])[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    schemasIn(field, `${path}.${name}`),
  )
  const items = schema.items ? schemasIn(schema.items, `${path}[]`) : []
  return [[path, schema], ...below, ...items]
}

describe.each(crds.map((crd) => [crd.spec.names.kind, crd] as const))('%s', (kind, crd) => {
  const row = KINDS[kind] ?? { plural: '', columns: [], fields: {} }
  const { plural, columns, fields, group = 'metallb.io', scope = 'Namespaced' } = row
  const { spec } = crd

  test('has its names, and no others', () => {
    expect(crd).toMatchObject({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
    })
    expect(spec).toMatchObject({ group, scope })
    const singular = kind.toLowerCase()
    expect(spec.names).toEqual({ kind, listKind: `${kind}List`, plural, singular })
  })

  test('serves its versions, and stores the last', () => {
    const versions = Object.keys(fields)
    expect(spec.versions.map(({ name }: Manifest) => name)).toEqual(versions)
    for (const { name, served, storage, subresources } of spec.versions) {
      expect({ served, storage }).toEqual({ served: true, storage: name === versions.at(-1) })
      expect(subresources).toEqual({ status: {} })
    }
  })

  test('prints its columns', () => {
    for (const { additionalPrinterColumns = [] } of spec.versions) {
      const found = additionalPrinterColumns.map(({ name, type, jsonPath, priority }: Manifest) =>
        [name, type, jsonPath, ...(priority ? [priority] : [])].join(' '),
      )
      expect(found).toEqual(columns)
    }
  })

  test.each(spec.versions.map((each: Manifest) => [each.name, each]))(
    '%s has its fields',
    (...args) => {
      const [name, { schema }] = args as [string, Manifest]
      const lines = linesOf(schema.openAPIV3Schema, '').filter(
        (line) => !/^(apiVersion|kind|metadata) /.test(line),
      )
      const expected = (fields[name] ?? '').split('\n').filter((line) => line !== '')
      expect([...lines].sort()).toEqual(expected.sort())
    },
  )

  test('says of every field what it is for, in a sentence', () => {
    for (const { schema } of spec.versions) {
      for (const [path, { description }] of schemasIn(schema.openAPIV3Schema, '')) {
        if (/^\.(apiVersion|kind|metadata)$|\[\]$/.test(path)) continue
        expect(description, path).toMatch(/^[A-Z].*\.$/)
      }
    }
  })

  test('has rules that every server since 1.25 knows, each with a message', () => {
    for (const { schema } of spec.versions) {
      for (const [path, each] of schemasIn(schema.openAPIV3Schema, '')) {
        for (const { rule, message, ...rest } of each['x-kubernetes-validations'] ?? []) {
          expect(rest, path).toEqual({})
          expect(message, path).toMatch(/\w/)
          // isIP and isCIDR came with 1.31, optional fields (`?.`) with 1.29.
          expect(rule, path).not.toMatch(/isIP|isCIDR|ip\(|cidr\(|\?\.|optional/)
        }
      }
    }
  })
})

test('an older version is converted by its names alone, and its users are warned', () => {
  const peers = crds.find(({ spec }) => spec.names.kind === 'BGPPeer')
  expect(peers.spec.conversion).toEqual({ strategy: 'None' })
  const [older, newer] = peers.spec.versions
  expect(older.deprecated).toBe(true)
  expect(older.deprecationWarning).toContain('write it as metallb.io/v1beta2')
  expect(newer).not.toHaveProperty('deprecated')
  const names = (version: Manifest): string[] =>
    Object.keys(version.schema.openAPIV3Schema.properties.spec.properties)
  expect(names(newer)).toEqual(expect.arrayContaining(names(older)))
})
