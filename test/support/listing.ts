/** An nft listing by table, with the elements of each set and the sets and chains in order. */
export function sortedListing(listing: string): string[][] {
  return listing
    .split(/^(?=table )/m)
    .filter((table) => table !== '')
    .sort()
    .map(sortedTable)
}

function sortedTable(table: string): string[] {
  const whole = table.replace(/elements = \{([^}]*)\}/g, (_, elements: string) => {
    const each = elements.split(/,\s*\n?\s*/).map((element) => element.trim())
    return `elements = { ${each.sort().join(', ')} }`
  })
  const [head = '', ...parts] = whole.replace(/\n}\n*$/, '').split(/\n(?=\t(?:set|map|chain) )/)
  return [head, ...parts.map((part) => part.trimEnd()).sort()]
}
