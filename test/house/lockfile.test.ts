import { expect, test } from 'vitest'
import lockfile from '../../package-lock.json' with { type: 'json' }

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
}

/** All but the project itself, also those for other platforms than this one. */
const packages = Object.entries(lockfile.packages as Record<string, Locked>).filter(
  ([path]) => path !== '',
)

test('every package is locked by what it contains, so that a changed one is noticed', () => {
  expect(packages.length).toBeGreaterThan(100)
  const open = packages.filter(([, { integrity }]) => !/^sha512-.{80,}/.test(integrity ?? ''))
  expect(open.map(([path]) => path)).toEqual([])
})

test('packages come from whatever registry is configured where they are installed', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})
