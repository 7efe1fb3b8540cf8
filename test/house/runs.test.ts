import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import config from '../../vitest.config.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('`npm run test:long` takes every test whole that `npm test` takes in part', () => {
  const projects = (config.test?.projects ?? []) as readonly {
    readonly test: { readonly name: string; readonly include: readonly string[] }
  }[]
  const long = projects.find(({ test: { name } }) => name === 'long')?.test.include ?? []
  const parts = readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`)
    .filter((file) => file !== 'test/house/runs.test.ts')
    .filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes('/support/runs.ts'))
  expect(parts.length).toBeGreaterThan(10)
  expect(parts.filter((file) => !long.some((pattern) => covers(pattern, file)))).toEqual([])
})

function covers(pattern: string, file: string): boolean {
  const rest = '**/*.test.ts'
  return pattern.endsWith(rest) ? file.startsWith(pattern.slice(0, -rest.length)) : pattern === file
}
