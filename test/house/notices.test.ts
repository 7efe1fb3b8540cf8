import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8')

/** The folders of the packages of which something is in the bundle. */
async function bundled(): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['netlink', 'koffi'],
    metafile: true,
    write: false,
    outfile: 'nodelb.js',
  })
  const inside = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inside.flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  )
  return [...new Set(folders)]
}

test('every package in the bundle is named in the notices, with the text of its licence', async () => {
  const folders = await bundled()
  expect(folders).toContain('node_modules/zod')
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    expect(notices).toContain(`${name} ${version} (`)
    const [licence] = readdirSync(join(root, folder)).filter((file) => /^licen[cs]e/i.test(file))
    const text = readFileSync(join(root, folder, licence ?? 'LICENSE'), 'utf8').trim()
    expect(notices.includes(text), `the licence of ${name}`).toBe(true)
  }
})
