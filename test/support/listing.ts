/** An nft listing with the elements of each set, and the sets and chains themselves, in order. */
export function sortedListing(listing: string): string[] {
  const whole = listing.replace(/elements = \{([^}]*)\}/g, (_, elements: string) => {
    const each = elements.split(/,\s*\n?\s*/).map((element) => element.trim())
    return `elements = { ${each.sort().join(', ')} }`
  })
  return whole.split(/\n(?=\t(?:set|map|chain) |table )/).sort()
}
