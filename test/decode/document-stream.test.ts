import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openStream } from '../../src/decode/document-stream.ts'
import { readDocuments } from '../../src/decode/documents.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { goYaml } from '../support/go-yaml.ts'

/** Characters beyond which a text is long here. */
const LIMIT = 100

interface Read {
  readonly values: readonly unknown[]
  readonly problems: readonly string[]
}

function whole(text: string): Read {
  const { values, problems } = readDocuments(text, 'x.json', LIMIT)
  return { values: values.map(asList), problems: problems.map(printProblem) }
}

/** What of a List counts. */
function asList(value: unknown): unknown {
  const { apiVersion, kind, items } = { ...(value as Record<string, unknown> | null) }
  const isList = Array.isArray(items) && typeof kind === 'string' && kind.endsWith('List')
  return isList ? { apiVersion, kind, items } : value
}

/** Returns undefined for what has to be read as a whole. */
function inPieces(text: string, sizes: readonly number[]): (Read & { lists: number }) | undefined {
  const stream = openStream(cut(text, sizes), 'x.json', LIMIT)
  if (stream === undefined) return undefined
  const values: unknown[] = []
  let items: unknown[] = []
  let lists = 0
  for (const part of stream.parts) {
    if (part.kind === 'item') items.push(part.value)
    else if (part.kind === 'list') {
      items = []
      lists++
      values.push({ ...part.envelope, items })
    } else values.push(asList(part.value))
  }
  return stream.isSound ? { values, problems: stream.problems.map(printProblem), lists } : undefined
}

function* cut(text: string, sizes: readonly number[]): Generator<string> {
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield text.slice(at, at + size)
    at += size
  }
}

/** Compares both, and returns whether the text could be read in pieces. */
function agree(text: string, sizes: readonly number[]): boolean {
  const found = inPieces(text, sizes)
  if (found === undefined) return false
  const { values, problems } = found
  expect({ text, values, problems }).toEqual({ text, ...whole(text) })
  return true
}

const tricky = fc.constantFrom(
  ...[
    '---',
    '---\n',
    '\n--- a',
    'items:',
    'items:\n- a',
    '"items": [',
    '"items":[1]',
    '\\',
    '\\"',
    '"',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    '\r\n',
    '\u2028',
    '\u2028---\n',
    '\r---\r',
    'é',
    '€',
    '😀',
    '\ufeff',
    '',
    ' ',
  ],
  ...['managedFields:', '#', '...', '- a', '&a', '*a', '|', 'x'.repeat(90), 'é'.repeat(50)],
)
const scalar = fc.oneof(tricky, fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean())
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(tricky, fc.constantFrom('a', 'b', 'metadata')), tie('any'), {
      maxKeys: 3,
    }),
  ),
})).any
const object = fc.dictionary(
  fc.constantFrom('metadata', 'spec', 'a', 'items', 'managedFields'),
  value,
  { maxKeys: 3 },
)
const envelope = fc.constantFrom(
  { apiVersion: 'v1', kind: 'List' },
  { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' } },
  { kind: 'ServiceList', apiVersion: 'v1' },
  { apiVersion: 'apps/v1', kind: 'Service' },
  { kind: 'List' },
  { apiVersion: 'v1', items: 5, kind: 'List' },
  {},
)
const list = fc
  .tuple(envelope, fc.array(object, { maxLength: 4 }), fc.boolean())
  .map(([fields, items, isFirst]) => (isFirst ? { items, ...fields } : { ...fields, items }))
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 })), {
  minLength: 1,
  maxLength: 5,
})
const jsonText = fc
  .tuple(fc.oneof(list, object), fc.constantFrom(undefined, 1, 4, '\t', '\n  '))
  .map(([each, indent]) => JSON.stringify(each, null, indent))
const document = fc.oneof(
  fc.oneof(list, object).map(goYaml),
  fc.oneof(list, object).map((each) => stringify(each, { lineWidth: 0 })),
  fc.oneof(list, object).map((each) => stringify(each, { indentSeq: false })),
  jsonText,
  fc.constantFrom(
    '',
    '# a comment\n',
    '%YAML 1.2\n',
    'a: &a 1\nb: *a\n',
    'items:\n- *b\n- &b c\n',
    '...\n',
  ),
)
const mark = fc.constantFrom(
  '---\n',
  '---\r\n',
  '--- # a\n',
  '\n---\n',
  '--- ',
  '----\n',
  '...\n',
  '\u2028---\u2028',
)
const yamlText = fc
  .array(fc.tuple(mark, document), { maxLength: 4 })
  .map((parts) => parts.map(([dashes, text]) => `${dashes}${text}`).join(''))
const written = fc.oneof(jsonText, yamlText, document)
const text = fc
  .tuple(written, fc.constantFrom('', '\ufeff', '\n\n', ' \r\n'), fc.boolean())
  .map(([body, before, isCrlf]) => before + (isCrlf ? body.replaceAll('\n', '\r\n') : body))

test('what is read in pieces is what is read as a whole', () => {
  let count = 0
  fc.assert(
    fc.property(text, sizes, (body, pieces) => {
      if (agree(body, pieces)) count++
    }),
    { numRuns: 300 },
  )
  expect(count).toBeGreaterThan(50)
})

test('so is what is damaged: cut off, or with a character too many or too few', () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.constantFrom('', '\0', '"', '}', ']', ',', '\n', '-', ' ', '{'),
  )
  let count = 0
  fc.assert(
    fc.property(text, sizes, damage, fc.nat({ max: 2 }), (body, pieces, [at, more], how) => {
      const place = at % (body.length + 1)
      const rest = how === 0 ? '' : body.slice(place + (how === 1 ? 1 : 0))
      if (agree(body.slice(0, place) + more + rest, pieces)) count++
    }),
    { numRuns: 300 },
  )
  expect(count).toBeGreaterThan(50)
})

const service = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...more },
})

test.each([
  ['JSON, as kubectl prints it', JSON.stringify, 'items first'],
  ['YAML, as kubectl prints it', goYaml, 'items first'],
  ['JSON, as the API server answers', JSON.stringify, 'type first'],
] as const)('Lists come item by item: %s', (_, print, order) => {
  fc.assert(
    fc.property(fc.array(tricky), sizes, (names, pieces) => {
      const items = ['x'.repeat(LIMIT), ...names].map((a) => service('web', { annotations: { a } }))
      const type = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' } }
      const body = print(order === 'items first' ? { items, ...type } : { ...type, items })
      expect(inPieces(body, pieces)).toEqual({ ...whole(body), lists: 1 })
    }),
  )
})

test('a text of megabytes within an item is read in few steps', () => {
  const items = [service('a', { annotations: { a: 'ü"'.repeat(2 << 20) } }), service('b')]
  const body = JSON.stringify({ apiVersion: 'v1', items, kind: 'List' })
  expect(agree(body, [1000])).toBe(true)
  expect(agree(goYaml({ apiVersion: 'v1', items, kind: 'List' }), [1000])).toBe(true)
})

test.each([
  ['YAML', 1000],
  ['a long List', 10],
])('documents that follow the mark of an end are read: %s', (_, limit) => {
  const list = goYaml({ apiVersion: 'v1', items: [service('web')], kind: 'List' })
  const { values, problems } = readDocuments(`${list}...\n${goYaml(service('api'))}`, 'x', limit)
  expect(values).toHaveLength(2)
  expect(values[1]).toEqual(service('api'))
  expect(problems).toEqual([])
})

test('a long document that is no List comes as one, and a List may be empty', () => {
  expect(agree(`a: ${'b'.repeat(2 * LIMIT)}\n---\nc: 1\n`, [1])).toBe(true)
  const empty = `{"apiVersion":"v1","kind":"List","items":[ ]${' '.repeat(LIMIT)}}`
  expect(agree(empty, [7])).toBe(true)
})

test('documents before a long List may end with the mark, too', () => {
  const list = goYaml({ apiVersion: 'v1', items: [service('web')], kind: 'List' })
  const { values } = readDocuments(`${goYaml(service('api'))}...\n${list}`, 'x', 10)
  expect(values).toEqual([
    service('api'),
    { apiVersion: 'v1', items: [service('web')], kind: 'List' },
  ])
})

test('there may be more of them than a call has arguments', () => {
  expect(readDocuments('1\n...\n'.repeat(150_000), 'x').values).toHaveLength(150_000)
})

test.each([
  ['a key that is there twice', '{"apiVersion":"v1","kind":"List","items":[{"a":1}],"items":[]}'],
  ['a key with an escape', '{"apiVersion":"v1","kind":"List","items":[{}],"it\\u0065ms":[]}'],
  [
    'another type after the items',
    '{"apiVersion":"v1","items":[{"a":"bbbbbbbbb"}],"kind":"PodList"}',
  ],
  [
    'a List within a field',
    '{"apiVersion":"v1","kind":"List","a":{"items":[{}]},"items":[{}, {}]}',
  ],
  [
    'what is no List',
    '{"apiVersion":"v1","kind":"Pod","items":[{"a":1}],"metadata":{}, "spec":{}}',
  ],
  [
    'what is no List, in YAML',
    `apiVersion: v1\nkind: Pod\nitems:\n${'- a: bbbbbbbbb\n'.repeat(20)}`,
  ],
  ['what is empty', ' '],
  ['JSON without items', '{"apiVersion":"v1","kind":"Pod"}'],
  ['an item that is no JSON', '{"apiVersion":"v1","kind":"List","items":[{"a":}]}'],
  ['JSON that ends within an item', '{"apiVersion":"v1","kind":"List","items":[{"a":1}'],
  ['what has a version that is no text', '{"apiVersion":1,"kind":"List","items":[{"a":1}]}'],
  [
    'a List with a document behind the mark of its end',
    `items:\n- a: ${'b'.repeat(LIMIT)}\nkind: List\napiVersion: v1\n...\na: 1\n`,
  ],
])('%s is read as a whole', (_, body) => {
  expect(inPieces(body.padEnd(LIMIT + 1), [7])).toBeUndefined()
})
