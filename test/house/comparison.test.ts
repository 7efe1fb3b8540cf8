import { expect, test } from 'vitest'
import { textOf } from '../support/pages.ts'

const lines = textOf('docs/comparison.md').split('\n')

interface Table {
  readonly names: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())
}

/** The tables that compare: those whose first column has no heading. */
const tables: readonly Table[] = lines.flatMap((line, at) => {
  if (!line.startsWith('| |')) return []
  const rest = lines.slice(at + 2)
  const rows = rest.slice(
    0,
    rest.findIndex((each) => !each.startsWith('|')),
  )
  return [{ names: cellsOf(line), rows: rows.map(cellsOf) }]
})

test('each cell has its evidence, or says that there is none', () => {
  expect(tables.length).toBe(4)
  const bare = tables.flatMap(({ names, rows }) =>
    rows.flatMap(([feature = '', ...cells]) => {
      expect(cells.length, feature).toBe(names.length - 1)
      return cells
        .map((cell, at) => `${feature}: ${names[at + 1]}: ${cell}`)
        .filter((told) => !/: (?:\?|–|no|\[[^\]]+\]\[[^\]]+\])$/.test(told))
    }),
  )
  expect(bare).toEqual([])
})

test('what is said of nodelb is known: a yes with a test, or no', () => {
  const unsure = tables.flatMap(({ names, rows }) => {
    const at = names.indexOf('nodelb')
    return rows.filter((cells) => !/^(?:no$|\[)/.test(cells[at] ?? ''))
  })
  expect(unsure).toEqual([])
})
