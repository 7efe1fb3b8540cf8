import { posix } from 'node:path'

export interface Page {
  readonly text: string
  /** The file or folder of the tree that it is made of. */
  readonly source: string
}

/** What the site is made of, and where the rest of the tree can be read. */
export interface Sources {
  /** By their paths from the root of the tree. */
  readonly pages: ReadonlyMap<string, Page>
  /** Paths of other files that come along, such as pictures. */
  readonly files: ReadonlySet<string>
  /** The address of the root of the tree, with a slash at its end. */
  readonly tree: string
}

/** Returns where a page or a file stands in the site: as in the tree, and README.md is the index of its folder. */
export function placeOf(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html')
}

/** Returns the path to which a link of a page leads. */
export function targetOf(from: string, link: string): string {
  return posix.join(posix.dirname(from), link)
}

/** Returns the way from a page to a place of the site: the site can stand below any address. */
export function wayTo(from: string, place: string): string {
  return posix.relative(posix.dirname(from), place)
}

/** Returns a link of a page as the site has it: to another page, or to the tree for what is no part of the site. */
export function hrefOf({ pages, files, tree }: Sources, from: string, link: string): string {
  if (/^(?:[a-z]+:|#)/.test(link)) return link
  const [file = '', anchor] = link.split('#')
  const hash = anchor === undefined ? '' : `#${anchor}`
  const path = targetOf(from, file)
  const found = [path, posix.join(path, 'README.md')].find((each) => pages.has(each))
  if (found === undefined && !files.has(path)) return `${tree}${path}${hash}`
  return wayTo(from, placeOf(found ?? path)) + hash
}
