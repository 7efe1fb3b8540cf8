/**
 * The most texts that are kept: enough for the namespaces, nodes and zones of a cluster. The limit
 * keeps texts that are no longer used from piling up.
 */
const MOST = 20_000

const known = new Map<string, string>()

/**
 * Returns one string for equal texts: a parsed document has a string of its own for each mention.
 */
export function shared(text: string): string {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size === MOST) known.clear()
  known.set(text, text)
  return text
}
