import { expect, test } from 'vitest'
import { describe, joinPath, orList, printProblem, report, said } from '../../src/decode/problem.ts'

test('an error prints where, what was found and what was expected', () => {
  const { error, problems } = report('cluster.yaml', 'Service', 'default/web')
  error('spec.ports[0].port', 70000, 'a port from 1 to 65535')
  expect(problems.map(printProblem)).toEqual([
    'cluster.yaml: Service default/web: spec.ports[0].port: found 70000, expected a port from 1 to 65535',
  ])
})

test('a note prints what was done instead', () => {
  const { note, problems } = report('cluster.yaml')
  note('', said('3 objects'), 'one', 'passed over')
  expect(problems.map(printProblem)).toEqual([
    'cluster.yaml: found 3 objects, expected one; passed over',
  ])
  expect(problems[0]?.severity).toBe('note')
})

test.each([
  [undefined, 'nothing'],
  [null, 'null'],
  [true, 'true'],
  [1e21, '1e+21'],
  ['say "yes"', '"say \\"yes\\""'],
  ['x'.repeat(100), `"${'x'.repeat(57)}..."`],
  [[], 'an empty list'],
  [[1], 'a list'],
  [{ said: 'anything' }, 'an object'],
])('describes %j', (value, text) => {
  expect(describe(value)).toBe(text)
})

test('nothing of the input acts on the terminal', () => {
  const { error, problems } = report('a\nb', 'Service', '\u202e/\u009b')
  error('x', '\u001b[2J', 'text')
  expect(problems.map(printProblem)).toEqual([
    'a\\u000ab: Service \\u202e/\\u009b: x: found "\\u001b[2J", expected text',
  ])
})

test('paths and alternatives read as in a manifest and in a sentence', () => {
  expect(joinPath('spec', 'ports', 0, 'port')).toBe('spec.ports[0].port')
  expect(joinPath('', 'data', 'config.conf')).toBe('data["config.conf"]')
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(orList)).toEqual([
    '',
    'a',
    'a or b',
    'a, b or c',
  ])
})
