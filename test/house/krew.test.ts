import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-krew-'))
afterAll(() => rmSync(folder, { recursive: true }))

function krew(version: string) {
  const script = join(root, 'scripts/release/krew.mjs')
  const url = 'https://downloads.example.com/nodelb'
  return execa('node', [script, version, url, folder], { reject: false })
}

test("krew's manifest names each archive with what is in it", async () => {
  for (const arch of ['x64', 'arm64']) {
    writeFileSync(join(folder, `nodelb-0.2.0-linux-${arch}.tar.gz`), arch)
  }
  const { spec, metadata } = parse((await krew('0.2.0')).stdout)
  expect([metadata.name, spec.version]).toEqual(['nodelb', 'v0.2.0'])
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const name = (arch: string) => `nodelb-0.2.0-linux-${arch}`
  const platform = (ofNode: string, arch: string) => ({
    selector: { matchLabels: { os: 'linux', arch } },
    uri: `https://downloads.example.com/nodelb/${name(ofNode)}.tar.gz`,
    sha256: sha256(ofNode),
    files: [{ from: `${name(ofNode)}/*`, to: '.' }],
    bin: 'dist/nodelb.js',
  })
  expect(spec.platforms).toEqual([platform('x64', 'amd64'), platform('arm64', 'arm64')])
})

test('it names the archive as the release does', () => {
  const artifacts = readFileSync(join(root, 'scripts/release/artifacts.sh'), 'utf8')
  expect(artifacts).toContain('name=nodelb-$version-linux-$(node -p process.arch)')
})

test('without archives there is no manifest', async () => {
  const { exitCode, stdout, stderr } = await krew('0.9.9')
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toBe(`krew: ${folder} has no archive of nodelb 0.9.9`)
})
