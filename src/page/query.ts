/** What the address of the page asks for. */
export interface PageQuery {
  /** Only the Services with this text in their row are shown; all if it is empty. */
  readonly filter: string
  /** The Service that is opened, `namespace/name`; none if it is empty. */
  readonly service: string
  /** Who sends the packet that is explained; the Node itself if it is empty. */
  readonly from: string
  /** Where it goes; nothing is explained if it is empty. */
  readonly to: string
  /** The Node that it meets; one that announces the address if it is empty. */
  readonly node: string
}

const NAMES: readonly (keyof PageQuery)[] = ['filter', 'service', 'from', 'to', 'node']

/** A longer value is no name and no address. */
const LONGEST = 600

/** Reads the query; `get` returns the value of a parameter. */
export function readQuery(get: (name: string) => string | null): PageQuery {
  const values = NAMES.map((name) => [name, (get(name) ?? '').trim().slice(0, LONGEST)])
  return Object.fromEntries(values) as Record<keyof PageQuery, string>
}

/** Returns the address of the page with some of the query changed; empty values are left out. */
export function linkTo(query: PageQuery, changes: Partial<PageQuery>, anchor: string): string {
  const next = { ...query, ...changes }
  const pairs = NAMES.flatMap((name) => {
    return next[name] === '' ? [] : `${name}=${encodeURIComponent(wellFormed(next[name]))}`
  })
  const text = pairs.length === 0 ? './' : `./?${pairs.join('&')}`
  return `${text}#${anchor}`
}

/** Half a character, which a value that was cut may end with, has no place in an address. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd')
}
