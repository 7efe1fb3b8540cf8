import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printProblem, report as startReport } from '../../src/decode/problem.ts'
import { readSelectorText } from '../../src/decode/selector-text.ts'
import { selects } from '../../src/model/label-selector.ts'

function read(text: string) {
  const report = startReport('config.yaml')
  return { selector: readSelectorText(text, 'selector', report), report }
}

function isSelected(text: string, labels: Readonly<Record<string, string>>): boolean {
  const { selector } = read(text)
  if (selector === undefined) throw new Error(`no selector: ${text}`)
  return selects(selector, new Map(Object.entries(labels)))
}

test.each<[string, Readonly<Record<string, string>>, boolean]>([
  ['', {}, true],
  ['team=shop', { team: 'shop' }, true],
  ['team == shop', { team: 'data' }, false],
  ['team=', { team: '' }, true],
  ['team=', {}, false],
  ['team!=shop', {}, true],
  ['team!=shop', { team: 'shop' }, false],
  ['team', { team: 'x' }, true],
  ['!team', { team: 'x' }, false],
  ['! team', {}, true],
  ['team in (shop, data)', { team: 'data' }, true],
  ['team in (shop,data)', {}, false],
  ['team notin (shop)', {}, true],
  ['team notin (shop)', { team: 'shop' }, false],
  [
    'app.kubernetes.io/name=web , tier in (a),!internal',
    { 'app.kubernetes.io/name': 'web', tier: 'a' },
    true,
  ],
  ['team=shop,tier=a', { team: 'shop', tier: 'b' }, false],
  ['in in (in)', { in: 'in' }, true],
])('%j selects %j: %s', (text, labels, expected) => {
  expect(isSelected(text, labels)).toBe(expected)
})

test.each([
  ['team=shop,', 'found "" in "team=shop,"'],
  ['team=shop;x', 'found "team=shop;x"'],
  ['a=b,replicas > 3', 'found "replicas > 3" in "a=b,replicas > 3"'],
  ['team in shop', 'found "team in shop"'],
  ['team in (shop', 'found "team in (shop"'],
  ['-team', 'found "-team"'],
  ['=shop', 'found "=shop"'],
])('%j is none', (text, found) => {
  const { selector, report } = read(text)
  expect(selector).toBe(undefined)
  expect(report.problems.map(printProblem)).toEqual([
    `config.yaml: selector: ${found}, expected a selector of labels such as "team=shop,tier in (web,api),!internal"`,
  ])
})

test('a list of nothing is read or refused at once, however long it is', () => {
  const begun = `team in (${' , '.repeat(500)}`
  expect(read(begun).report.problems).toHaveLength(1)
  expect(isSelected(`${begun} shop )`, { team: 'shop' })).toBe(true)
})

const word = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,6}[A-Za-z0-9])?$/)
const requirement = fc.oneof(
  fc.record({ key: word, operator: fc.constantFrom('exists' as const, 'does-not-exist' as const) }),
  fc.record({
    key: word,
    operator: fc.constantFrom('in' as const, 'not-in' as const),
    values: fc.array(word, { minLength: 1, maxLength: 3 }),
  }),
)

test('what is written as kubectl takes it is read as it was meant', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
      const text = requirements.map((each) => {
        if ('values' in each) {
          return `${each.key} ${each.operator === 'in' ? 'in' : 'notin'} (${each.values.join(', ')})`
        }
        return each.operator === 'exists' ? each.key : `!${each.key}`
      })
      expect(read(text.join(',')).selector).toEqual({ requirements })
    }),
  )
})

test('any text is read or refused, in a time that does not grow out of hand', () => {
  const characters = fc.constantFrom(
    'a',
    '-',
    '.',
    '/',
    ',',
    ' ',
    '=',
    '!',
    '(',
    ')',
    'in',
    'notin',
  )
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 60 }), (parts) => {
      const { selector, report } = read(parts.join(''))
      expect(report.problems).toHaveLength(selector === undefined ? 1 : 0)
    }),
  )
})
