/** Returns whether two lists have the same members, each once; their order has no meaning. */
export function sameMembers<Member>(a: readonly Member[], b: readonly Member[]): boolean {
  if (a.length !== b.length) return false
  // A Service with addresses of Nodes may have a thousand of them.
  const others = new Set(b)
  return a.every((member) => others.has(member))
}
