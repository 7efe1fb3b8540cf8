import { readdirSync } from 'node:fs'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Committed } from './commit-fixtures.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname
const names = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'stories' && entry.name !== 'demo')
  .map(({ name }) => name)
  .sort()

describe('committed over netlink, the kernel holds what nft loads from the text', () => {
  const results = new Map<string, Committed>()

  beforeAll(async () => {
    const script = new URL('./commit-fixtures.ts', import.meta.url).pathname
    const directories = names.map((name) => FIXTURES + name)
    const { stdout } = await execa('unshare', ['-n', 'npx', 'tsx', script, ...directories], {
      maxBuffer: 1 << 28,
    })
    for (const line of stdout.split('\n')) {
      const result = JSON.parse(line) as Committed
      results.set(result.name.slice(FIXTURES.length), result)
    }
  }, 120_000)

  test.each(names)('%s', (name) => {
    const result = results.get(name)
    expect(result?.refusals).toBe(0)
    expect(sorted(result?.listed ?? '')).toEqual(sorted(result?.loaded ?? 'not loaded'))
    expect(result?.again, 'operations of the second commit').toBe(0)
  })
})

/** A listing with the elements of each set, and the sets and chains themselves, in order. */
function sorted(listing: string): string[] {
  const whole = listing.replace(/elements = \{([^}]*)\}/g, (_, elements: string) => {
    const each = elements.split(/,\s*\n?\s*/).map((element) => element.trim())
    return `elements = { ${each.sort().join(', ')} }`
  })
  return whole.split(/\n(?=\t(?:set|map|chain) |table )/).sort()
}
