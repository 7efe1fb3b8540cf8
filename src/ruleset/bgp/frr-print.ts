import { masked } from './lines.ts'
import { sortedContexts, sortedLines } from './order.ts'
import { pathOf, type Tree } from './tree.ts'

/** Prints a tree for people, as `show running-config` of FRR would, with `***` for passwords. */
export function printTree(tree: Tree): string {
  const text: string[] = []
  let open: readonly string[] = []
  for (const context of sortedContexts(tree.keys())) {
    const path = pathOf(context)
    const shared = sharedLength(open, path)
    text.push(...exits(open, shared))
    if (shared === 0 && text.length > 0) text.push('!')
    path.forEach((header, depth) => {
      if (depth >= shared) text.push(indented(depth, header))
    })
    const lines = sortedLines(tree.get(context) ?? [])
    text.push(...lines.map((line) => indented(path.length, masked(line))))
    open = path
  }
  text.push(...exits(open, 0))
  return text.map((line) => `${line}\n`).join('')
}

/** Returns how many headers two ways have in common. */
function sharedLength(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((header, depth) => header !== other[depth])
  return at < 0 ? one.length : at
}

/** Leaves the blocks of a way that are deeper, the innermost first. */
function exits(open: readonly string[], depth: number): readonly string[] {
  const left = open.slice(depth).map((header, at) => {
    const word = header.startsWith('address-family ') ? 'exit-address-family' : 'exit'
    return indented(depth + at, word)
  })
  return left.toReversed()
}

function indented(depth: number, text: string): string {
  return `${' '.repeat(depth)}${text}`
}
