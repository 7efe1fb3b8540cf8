/** Enough for the namespaces, nodes and zones of a cluster; what comes and goes must not pile up. */
const MOST = 20_000

const known = new Map<string, string>()

/** One string for equal texts: a parsed document has a string of its own for every mention. */
export function shared(text: string): string {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size === MOST) known.clear()
  known.set(text, text)
  return text
}
