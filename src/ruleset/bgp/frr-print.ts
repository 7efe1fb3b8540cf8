import { masked } from './lines.ts'
import { sortedContexts, sortedLines } from './order.ts'
import { type Context, contextOf, pathOf, type Tree } from './tree.ts'

/** Prints a tree for people, as `show running-config` of FRR would, with `***` for passwords. */
export function printTree(tree: Tree): string {
  return children(tree, [])
    .map((context) => block(tree, [context]).join(''))
    .join('!\n')
}

/** Prints a block and what is in it. */
function block(tree: Tree, path: readonly string[]): readonly string[] {
  const indent = ' '.repeat(path.length - 1)
  const lines = sortedLines(tree.get(contextOf(path)) ?? [])
  const inside = children(tree, path).flatMap((child) => block(tree, [...path, child]))
  const header = path.at(-1) ?? ''
  const exit = header.startsWith('address-family ') ? 'exit-address-family' : 'exit'
  return [
    `${indent}${header}\n`,
    ...lines.map((line) => `${indent} ${masked(line)}\n`),
    ...inside,
    `${indent}${exit}\n`,
  ]
}

/** Returns the headers of the blocks right inside another one. */
function children(tree: Tree, path: readonly string[]): readonly string[] {
  const inside = (context: Context): string | undefined => {
    const other = pathOf(context)
    return path.every((header, at) => other[at] === header) ? other[path.length] : undefined
  }
  const found = sortedContexts(tree.keys()).map(inside)
  return [...new Set(found.filter((header) => header !== undefined))]
}
