import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'
import config from '../../vitest.config.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-pure-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Compiles a file by the rules of the pure folders; returns the errors. */
async function compile(text: string): Promise<string[]> {
  writeFileSync(join(folder, 'scratch.ts'), text)
  const config = {
    extends: join(root, 'tsconfig.pure.json'),
    compilerOptions: { rootDir: folder, outDir: 'out', tsBuildInfoFile: 'out/info' },
    include: ['scratch.ts'],
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { stdout } = await execa(tsc, ['-p', folder, '--pretty', 'false'], { reject: false })
  return stdout.split('\n').filter((line) => line !== '')
}

test('how much of each pure folder has to be tested is said', () => {
  const thresholds = config.test?.coverage?.thresholds ?? {}
  const said = Object.keys(thresholds).flatMap((pattern) => pattern.match(/\w+(?=[,}/])/g) ?? [])
  const pure = readFileSync(join(root, 'tsconfig.pure.json'), 'utf8').matchAll(/"src\/(\w+)"/g)
  expect(said.filter((name) => name !== 'src').sort()).toEqual(
    [...pure].map(([, name]) => name).sort(),
  )
})

test('what needs nothing compiles', async () => {
  expect(await compile('export const two: number = [1, 2].length\n')).toEqual([])
})

test.each([
  ['process', 'process.exit(1)', /Cannot find name 'process'/],
  ['Buffer', 'Buffer.alloc(1)', /Cannot find name 'Buffer'/],
  ['console', "console.log('')", /Cannot find name 'console'/],
  ['setTimeout', 'setTimeout(() => {}, 1)', /Cannot find name 'setTimeout'/],
  ['fetch', "fetch('http://localhost')", /Cannot find name 'fetch'/],
  ['node:fs', "(await import('node:fs')).rmSync('/')", /Cannot find (module|name) 'node:fs'/],
])('%s is not known in the pure folders', async (_, expression, message) => {
  expect(await compile(`export const x: unknown = ${expression}\n`)).toEqual([
    expect.stringMatching(message),
  ])
})
