/** Returns whether two lists have the same members, each once; their order has no meaning. */
export function sameMembers<Member>(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member))
}
