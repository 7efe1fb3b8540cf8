import { expect, test } from 'vitest'
import { readOldList } from '../../src/decode/announcing/old-fields.ts'
import { report as startReport } from '../../src/decode/problem.ts'

test('problems of the object that was made of an entry are told in the words of the ConfigMap', () => {
  const report = startReport('config')
  const [entry] = readOldList(
    { value: [{ name: 'a', old: 1 }], path: 'peers', fields: { old: 'fresh' } },
    report,
  )
  const of = startReport('made')
  of.error('spec', 'x', 'y')
  of.error('spec.fresh', 'x', 'y')
  of.note('metadata.name', 'x', 'y', 'it is used otherwise')
  entry?.retell(of.problems)
  expect(report.problems.map(({ severity, path }) => [severity, path])).toEqual([
    ['error', 'peers[0]'],
    ['error', 'peers[0].old'],
    ['note', 'peers[0].name'],
  ])
})
