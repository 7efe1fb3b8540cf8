import { present } from '../model/present.ts'
import { wrapped } from './wrapped.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** The fewest characters to which it is cut where a line is too short; if undefined, it is not. */
  readonly least?: number
  /** Colours a cell that has been padded. */
  readonly paint?: (row: Row, cell: string) => string
}

const GAP = '  '

/**
 * Returns a table with a line of titles. Where it is wider than `columns`, cells are cut in the
 * columns that allow it, from the left; where that is not enough, lines are broken between cells.
 * What allows no cut, such as an address, is always whole.
 */
export function table<Row>(
  shape: readonly Column<Row>[],
  rows: readonly Row[],
  columns: number | undefined,
): readonly string[] {
  const widths = widthsOf(shape, rows, columns)
  const fits = columns === undefined || totalOf(widths) <= columns
  const line = (cells: readonly string[]): readonly string[] =>
    fits ? [cells.join(GAP)] : wrapped(spaced(cells), columns, BROKEN)
  const cell = (text: string, at: number): string => {
    const width = present(widths[at])
    const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text
    return at === shape.length - 1 ? cut : cut.padEnd(width)
  }
  const cellsOf = (row: Row): readonly string[] =>
    shape.map(({ text, paint }, at) => {
      const plain = cell(text(row), at)
      // Colours would count as characters where lines are broken.
      return paint === undefined || !fits ? plain : paint(row, plain)
    })
  const titles = shape.map(({ title }, at) => cell(title, at))
  return [titles, ...rows.map(cellsOf)].flatMap(line).map((each) => each.trimEnd())
}

/** What the further lines of a broken line begin with. */
const BROKEN = '    '

function spaced(cells: readonly string[]): readonly string[] {
  return cells.map((cell, at) => (at < cells.length - 1 ? `${cell} ` : cell))
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length)
}

function widthsOf<Row>(
  shape: readonly Column<Row>[],
  rows: readonly Row[],
  columns: number | undefined,
): readonly number[] {
  const wanted = shape.map(({ title, text }) =>
    rows.reduce((width, row) => Math.max(width, text(row).length), title.length),
  )
  let excess = columns === undefined ? 0 : Math.max(0, totalOf(wanted) - columns)
  return wanted.map((width, at) => {
    const cut = Math.min(excess, Math.max(0, width - (shape[at]?.least ?? width)))
    excess -= cut
    return width - cut
  })
}
