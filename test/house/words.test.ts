import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Words that need a second reading: there is a plainer sentence for each. */
const STILTED = /\b(?:shall|of which|whoever|somebody|thereof|whereby)\b/i

const FUNCTION = /^export (?:async )?function/

test('code, fixtures, goldens and docs are in plain words', () => {
  const files = ['src', 'fixtures', 'test/golden', 'docs', 'deploy', 'charts'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|md|ya?ml|txt)$/.test(name))
      .map((name) => `${folder}/${name}`),
  )
  expect(files.length).toBeGreaterThan(1500)
  const found = [
    ...files,
    'README.md',
    'CONTRIBUTING.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
  ].flatMap((file) =>
    readFileSync(root + file, 'utf8')
      .split('\n')
      .filter((line) => STILTED.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
  expect(found).toEqual([])
})

test('every exported function says what it does', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  const silent = files
    .filter((name) => name.endsWith('.ts'))
    .flatMap((file) => {
      const lines = readFileSync(`${root}src/${file}`, 'utf8').split('\n')
      return lines
        .filter((line, at) => FUNCTION.test(line) && lines[at - 1]?.endsWith('*/') !== true)
        .map((line) => `${file}: ${line}`)
    })
  expect(silent).toEqual([])
})
