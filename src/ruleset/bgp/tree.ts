import { present } from '../../model/present.ts'

/** The way into a block of FRR's configuration, such as `router bgp 64501 | address-family ipv4 unicast`. */
export type Context = string

/**
 * What FRR is configured to do: the lines of each block. Neither blocks nor lines have an order, since
 * FRR prints them in its own whatever order they came in. A block without lines of its own is there
 * if it means something by itself, such as a route map entry that denies all.
 */
export type Tree = ReadonlyMap<Context, ReadonlySet<string>>

/** What a block is about; `other` is nothing that nodelb writes. */
export type ContextKind = 'map' | 'router' | 'family' | 'profile' | 'other'

const SEPARATOR = ' | '

/** Joins the headers of a block and of those around it. */
export function contextOf(path: readonly string[]): Context {
  return path.join(SEPARATOR)
}

/** Returns the headers that lead to a block, its own last. */
export function pathOf(context: Context): readonly string[] {
  return context.split(SEPARATOR)
}

/** Returns what kind of block a context is. */
export function kindOf(context: Context): ContextKind {
  return KINDS.find(({ pattern }) => pattern.test(context))?.kind ?? 'other'
}

const KINDS: readonly { readonly kind: ContextKind; readonly pattern: RegExp }[] = [
  { kind: 'map', pattern: /^route-map [^|]+$/ },
  { kind: 'router', pattern: /^router bgp [^|]+$/ },
  { kind: 'family', pattern: /^router bgp [^|]+ \| address-family [^|]+$/ },
  { kind: 'profile', pattern: /^bfd \| profile [^|]+$/ },
]

/** Returns the router that a block of a family is in. */
export function routerOf(family: Context): Context {
  return present(pathOf(family)[0])
}

/** A tree with other lines in some of its blocks; a block that `lines` says undefined of is left out. */
export function withLines(
  tree: Tree,
  lines: (context: Context, lines: ReadonlySet<string>) => Iterable<string> | undefined,
): Tree {
  const result = new Map<Context, ReadonlySet<string>>()
  for (const [context, held] of tree) {
    const kept = lines(context, held)
    if (kept !== undefined) result.set(context, new Set(kept))
  }
  return result
}
