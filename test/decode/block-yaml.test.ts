import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseAnyYaml } from '../../src/decode/any-yaml.ts'
import { readBlockYaml } from '../../src/decode/block-yaml.ts'
import { goYaml } from '../support/go-yaml.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the library reads; undefined if that is an error or not one document. */
function byLibrary(text: string): unknown {
  const [document, ...others] = parseAnyYaml(text)
  if (document === undefined || others.length > 0 || document.errors.length > 0) return undefined
  return document.toJS({ maxAliasCount: 100 })
}

/** Returns what our reader makes of a text, after checking that the library makes the same of it. */
function read(text: string): unknown {
  const value = readBlockYaml(text)
  if (value === undefined) return undefined
  const expected = byLibrary(text)
  // A message for each of a million values would take most of the time.
  if (!isDeepStrictEqual(value, expected))
    expect({ text, value }).toEqual({ text, value: expected })
  return value
}

/** Texts that are easily taken for something else, or have to be quoted. */
const oddTexts = [
  ...[
    '',
    ' ',
    '~',
    'null',
    'Null',
    'true',
    'FALSE',
    'yes',
    'no',
    'on',
    'y',
    '0',
    '-1',
    '+1',
    '1.5',
  ],
  ...['1e3', '0x1F', '0o17', '017', '-017', '08', '.inf', '-.INF', '.nan', '.5', '5.', '1_000'],
  ...['12:30:45', '2026-01-31', '2026-01-31T12:00:00Z', '=', '<<', '-', '--', '---', '...', '- a'],
  ...['?', '? a', ':', ': a', 'a: b', 'a:', 'a:b', '::1', '2001:db8::', '#a', 'a #b', 'a#b', '&a'],
  ...['*a', '!a', '|', '>', '@a', '`a', '%a', ',a', '{a', '[a', '}', ']', '"a"', "'a'", "it's"],
  ...['a\\b', 'a"b', 'a ', ' a', 'a\tb', '\ta', 'a\n', 'a\nb', 'a\n\nb\n', 'a\n\n', '\na', ' a\nb'],
  ...['a \nb', 'a\n  b\n', 'a\n#b\n', 'a\n- b: c\n', '\n', 'a\r\nb', '\u00a0', 'é', '\u2028', '😀'],
  ...['\ufeff', '\0', '\x7f', '\x85', 'k:{"port":80,"protocol":"TCP"}', '{"a":"b"}\n', '.', 'f:a'],
]

const text = fc.oneof(
  fc.constantFrom(...oddTexts),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(...oddTexts), { maxLength: 4 }).map((parts) => parts.join('\n')),
)
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, 80, 1e21, 1e-7))
const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null))
const key = fc.oneof(fc.constantFrom('a', 'b', 'f:metadata', 'constructor'), text).filter(isKey)
const { collection } = fc.letrec((tie) => ({
  collection: fc.oneof(
    { maxDepth: 5 },
    fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
    fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
  ),
  value: fc.oneof({ maxDepth: 5 }, leaf, tie('collection'), fc.constantFrom([], {})),
}))

/** Keys that are left to the library. */
function isKey(name: string): boolean {
  return name !== '<<' && name !== '__proto__'
}

test('what kubectl prints is read, as the library reads it', () => {
  fc.assert(
    fc.property(collection, (value) => {
      const printed = goYaml(value)
      expect(read(printed)).toEqual(value)
      expect(read(`---\n# a comment\n${printed}`)).toEqual(value)
    }),
    { numRuns: 2_000 },
  )
})

test('what the library prints, in any style, is read as it reads it or left to it', () => {
  const options = fc.record({
    indentSeq: fc.boolean(),
    indent: fc.constantFrom(2, 3, 4),
    lineWidth: fc.constantFrom(0, 20, 80),
    defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL'),
    collectionStyle: fc.constantFrom('any', 'block', 'flow'),
  } as const)
  fc.assert(
    fc.property(collection, options, (value, style) => {
      read(stringify(value, { ...style, version: '1.2', aliasDuplicateObjects: false }))
    }),
    { numRuns: 2_000 },
  )
})

const indents = ['', '', '', '  ', '  ', '    ', ' ', '   ', '- ', '  - ', '- - ', '-   ', '? ']
const starts = ['a:', 'b:', 'c :', '"a":', "'b':", '1:', 'a b:', 'k:{"p":80}:', '<<:', ':', '', '-']
const ends = [
  ...['', '', ' 1', ' a', ' "a"', " 'b'", ' {}', ' []', ' |', ' |-', ' |+', ' |2', ' >', ' >-'],
  ...[' &a b', ' *a', ' !!str 1', ' a: b', ' [a, b]', ' {a: b}', ' "a', " 'b", ' "\\q"', ' a\tb'],
  ...['\t', ' # c', ' a # c', ' "a"#c', '#c', ' "a" # c', ' ', ' @', ' %a', ' -', ' - a', ' ? a'],
]
const line = fc
  .tuple(fc.constantFrom(...indents), fc.constantFrom(...starts), fc.constantFrom(...ends))
  .map((parts) => parts.join(''))
const oddLine = fc.oneof(
  ...[text, fc.constantFrom('', '  ', '# c', '  # c', '---', '...', '%YAML 1.2', '\t', 'a\r')],
)

test('lines put together at random are read as the library reads them, or left to it', () => {
  const lines = fc.array(fc.oneof({ weight: 6, arbitrary: line }, oddLine), { maxLength: 7 })
  const breaks = fc.constantFrom('', '\n', '\n\n', '\n  \n', '\n# c')
  fc.assert(
    fc.property(lines, breaks, (drawn, last) => void read(drawn.join('\n') + last)),
    { numRuns: 50_000 },
  )
})

test('a text into which a character slips is read as the library reads it, or left to it', () => {
  const slip = fc.constantFrom(...' \n\t:-#"\'|{}[]&*!%\\\r', '', '  ', '\n  ', ' #', ': ', '\n- ')
  fc.assert(
    fc.property(collection, fc.nat(), slip, fc.nat(2), (value, place, slipped, lost) => {
      const printed = goYaml(value)
      const at = place % printed.length
      read(printed.slice(0, at) + slipped + printed.slice(at + lost))
    }),
    { numRuns: 5_000 },
  )
})

test('every YAML file of this repository is read as the library reads it, or left to it', () => {
  const files = ['deploy', 'fixtures', 'test'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => `${root}${folder}/${name}`),
  )
  const documents = files.flatMap((file) => readFileSync(file, 'utf8').split(/^(?=---\s)/m))
  const values = documents.map(read).filter((value) => value !== undefined)
  expect(values.length).toBeGreaterThan(documents.length / 2)
})

test.each([
  ['an anchor', 'a: &x 1'],
  ['an alias', 'a: *x'],
  ['a tag', 'a: !!str 1'],
  ['a map in braces', 'a: {b: 1}'],
  ['a list in brackets', 'a: [1]'],
  ['a folded text', 'a: >\n  b'],
  ['a text with an indentation of its own', 'a: |2\n  b'],
  ['a text on two lines', 'a: b\n  c'],
  ['a quoted text on two lines', 'a: "b\n  c"'],
  ['a key twice', 'a: 1\na: 2'],
  ['a merge key', '<<: {}'],
  ['a key that is no text', '1: a'],
  ['a key with a question mark', '? a\n: b'],
  ['a tab before a value', 'a:\tb'],
  ['a tab before a key', '\ta: b'],
  ['a directive', '%YAML 1.2\n---\na: b'],
  ['a second document', 'a: b\n...\nc: d'],
  ['lines that end as on Windows', 'a: b\r\n'],
  ['a map on the line of a key', 'a: b: c'],
  ['an unknown escape', 'a: "\\q"'],
  ['a character beyond the last', 'a: "\\U00110000"'],
  ['a quote without an end', 'a: "b'],
  ['a single quote without an end', "a: 'b"],
  ['a quoted text with more behind it', 'a: "b"c'],
  ['empty braces with more behind them', 'a: {} b'],
  ['a key without a colon', 'a: b\nc'],
  ['a value that is indented less', '  a: b\nc: d'],
  ['a text after | without lines', 'a: |\nb: c'],
  ['a text after | with a line of spaces', 'a: |\n  b\n \nc: d'],
  ['a text alone', 'a'],
  ['a key of 1,001 characters', `${'a'.repeat(1_001)}: b`],
  ['101 levels', `${'- '.repeat(101)}a: b`],
  ['nothing', '# a comment\n'],
  ['nothing after the mark of a document', '---\n'],
  ['a value on the line of the mark', '--- a: b\n'],
])('%s is left to the library', (_, written) => {
  expect(readBlockYaml(written)).toBe(undefined)
})

test('scalars are what the core schema says', () => {
  const scalars: readonly (readonly [string, unknown])[] = [
    ...[
      'yes',
      'on',
      'nUll',
      'tRUE',
      '2026-01-31',
      '12:30',
      '1_000',
      '0x',
      '0o8',
      '.',
      '+',
      '+.nan',
    ],
    ...['0b1', '-0x1', 'e3', '1e', '<<', '::1', 'a#b', 'a"b', '-a'],
  ].map((written) => [written, written])
  const others: readonly (readonly [string, unknown])[] = [
    ...[['~', null] as const, ['Null', null] as const, ['', null] as const],
    ...[['True', true] as const, ['FALSE', false] as const],
    ...[['0o17', 15] as const, ['017', 15] as const, ['-017', -15] as const, ['08', 8] as const],
    ...[['0x1F', 31] as const, ['1e3', 1000] as const, ['+1', 1] as const, ['-0', -0] as const],
    ...[['.5', 0.5] as const, ['5.', 5] as const, ['-.INF', Number.NEGATIVE_INFINITY] as const],
    ...[['.inf', Number.POSITIVE_INFINITY] as const, ['.NaN', Number.NaN] as const],
    ...[["'it''s'", "it's"] as const, ['"\\x41\\u00e9\\U0001F600\\n\\/"', 'Aé😀\n/'] as const],
  ]
  for (const [written, value] of [...scalars, ...others])
    expect(read(`a: ${written}\n`)).toEqual({ a: value })
})

test('comments are passed over, but not in texts', () => {
  const written = 'a: # one\n  # two\n- b # three\n# four\nc: |\n  # five\n # six\nd: "#" # seven\n'
  expect(read(written)).toEqual({ a: ['b'], c: '# five\n', d: '#' })
})
