import { unreachable } from '../model/unreachable.ts'
import { defaultConfig } from './config.ts'
import type { Field, FieldKind } from './field.ts'
import { defaultText, valuesText } from './field-texts.ts'
import { type NestedFields, nested } from './nested.ts'
import { nodelbTable } from './nodelb-table.ts'

interface Schema {
  readonly [keyword: string]: unknown
}

/** A duration as Go writes it (time.ParseDuration), which decode/duration.ts reads. */
const DURATION = '^(0|\\+?(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$'

/**
 * Returns the JSON Schema (draft 2020-12) of a NodelbConfiguration. It says what a value looks like:
 * whether a duration keeps its limits, or a text is an address, is said when it is read.
 */
export function nodelbSchema(): Schema & { readonly properties: Schema } {
  const leaves = nodelbTable.map((field) => [field.path, { field }] as const)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'NodelbConfiguration',
    description: 'The configuration of nodelb; docs/configuration.md says more of each field.',
    type: 'object',
    additionalProperties: false,
    required: ['apiVersion', 'kind'],
    properties: {
      apiVersion: { const: 'nodelb.io/v1alpha1' },
      kind: { const: 'NodelbConfiguration' },
      ...propertiesOf(nested(leaves)),
    },
  }
}

interface Leaf {
  readonly field: Field
}

function propertiesOf(fields: NestedFields<Leaf>): Schema {
  const properties = Object.entries(fields).map(([name, inside]): [string, Schema] => {
    if (isLeaf(inside)) return [name, schemaOf(inside.field)]
    const properties = propertiesOf(inside)
    return [name, { type: ['object', 'null'], additionalProperties: false, properties }]
  })
  return Object.fromEntries(properties)
}

/** No object of a NodelbConfiguration has a field that is called `field`. */
function isLeaf(inside: Leaf | NestedFields<Leaf>): inside is Leaf {
  return Object.hasOwn(inside, 'field')
}

function schemaOf(field: Field): Schema {
  const { meaning, otherwise, value, of } = field
  const plain = (text: string): string => text.replaceAll('`', '')
  return {
    description: `${meaning} ${plain(`Values: ${valuesText(field)}; default: ${defaultText(field)}.`)}`,
    ...formOf(value),
    ...(otherwise === undefined && { default: of(defaultConfig) }),
  }
}

/** Every field may be null, which is the same as leaving it out. */
function formOf(kind: FieldKind): Schema {
  switch (kind.kind) {
    case 'choice':
      return { enum: [...kind.of, null] }
    case 'flag':
      return { type: ['boolean', 'null'] }
    case 'count':
      return { type: ['integer', 'null'], minimum: kind.least, maximum: kind.most }
    case 'duration':
      return { type: ['string', 'null'], pattern: DURATION }
    case 'text':
      return { type: ['string', 'null'], ...patternOf(kind.pattern) }
    case 'list': {
      const { item } = kind
      const items =
        item === 'port'
          ? { type: 'integer', minimum: 1, maximum: 65_535 }
          : { type: 'string', ...patternOf(item.pattern) }
      return { type: ['array', 'null'], items }
    }
    default:
      return unreachable(kind)
  }
}

function patternOf(pattern: string | undefined): Schema {
  return pattern === undefined ? {} : { pattern }
}
