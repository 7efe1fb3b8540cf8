import { present } from '../model/present.ts'

/** Returns a titled list; empty if it has no lines. */
export function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${[`${title}:`, ...lines].join('\n')}\n`
}

/** Returns the rows with their cells in columns; the last cell of a row may be of any length. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = new Map<number, number>()
  for (const row of rows) {
    for (const [at, cell] of row.slice(0, -1).entries()) {
      widths.set(at, Math.max(widths.get(at) ?? 0, cell.length))
    }
  }
  return rows.map((row) => {
    const cells = row.map((cell, at) =>
      at < row.length - 1 ? cell.padEnd(present(widths.get(at))) : cell,
    )
    return `  ${cells.join('  ')}`
  })
}

/** Returns the first few texts with commas between them, and how many more there are. */
export function shortList(texts: readonly string[], most: number): string {
  const more = texts.length - most
  const shown = texts.slice(0, most).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}
