import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-release-'))
const digest = `sha256:${'4a5e1e4baab89f3a'.repeat(4)}`
const image = 'registry.example.org/team/nodelb'
const version = '9.8.7'
const tree = 'https://git.example.org/team/nodelb/blob/v9.8.7/'

/** Makes the files of a release. */
async function make(name: string): Promise<string> {
  const made = join(folder, name)
  const script = ['scripts/release/artifacts.sh', version, image, digest, tree, made]
  await execa('scripts/release/with-tools.sh', script, { cwd: root })
  return made
}

let first: string

beforeAll(async () => {
  first = await make('first')
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true }))

const read = (name: string) => readFileSync(join(first, name), 'utf8')

test('a release has these files, and checksums of all', async () => {
  const program = `nodelb-${version}-linux-${process.arch}.tar.gz`
  expect(readdirSync(first).sort()).toEqual([
    'SHA256SUMS',
    'crds.yaml',
    'install-all.yaml',
    'install-controller.yaml',
    'install-load-balancer.yaml',
    program,
    `nodelb-chart-${version}.tgz`,
    'notes.md',
    'sbom.cdx.json',
  ])
  await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: first })
  expect(read('SHA256SUMS').trim().split('\n')).toHaveLength(8)
})

test('two runs make the same bytes', async () => {
  const second = await make('second')
  expect(readFileSync(join(second, 'SHA256SUMS'), 'utf8')).toBe(read('SHA256SUMS'))
}, 300_000)

test.each(['load-balancer', 'all', 'controller'])('install-%s.yaml names the image', (overlay) => {
  const documents = parseAllDocuments(read(`install-${overlay}.yaml`)).map((each) => each.toJS())
  const images = JSON.stringify(documents).match(/"image":"[^"]*"/g) ?? []
  expect(new Set(images)).toEqual(new Set([`"image":"${image}@${digest}"`]))
  expect(images.length).toBeGreaterThan(0)
})

test('the chart installs the image of the release', async () => {
  const chart = join(first, `nodelb-chart-${version}.tgz`)
  const helm = ['helm', 'template', 'nodelb', chart, '--set=controller.enabled=true']
  const { stdout } = await execa('scripts/release/with-tools.sh', helm, { cwd: root })
  const images = stdout.match(/image: .*/g) ?? []
  expect(new Set(images)).toEqual(new Set([`image: ${image}@${digest}`]))
  const shown = await execa('scripts/release/with-tools.sh', ['helm', 'show', 'chart', chart], {
    cwd: root,
  })
  expect(parse(shown.stdout)).toMatchObject({ version, appVersion: version })
})

test('the alerts of the chart lead to the pages of the release', async () => {
  const chart = join(first, `nodelb-chart-${version}.tgz`)
  const helm = ['helm', 'template', 'nodelb', chart, '--set=metrics.rules.enabled=true']
  const { stdout } = await execa('scripts/release/with-tools.sh', helm, { cwd: root })
  const links = Array.from(stdout.matchAll(/runbook_url: (.*)#/g), ([, page]) => page)
  expect(new Set(links)).toEqual(new Set([`${tree}docs/troubleshoot.md`]))
})

test('the archive runs where it is unpacked', async () => {
  const name = `nodelb-${version}-linux-${process.arch}`
  await execa('tar', ['-xzf', join(first, `${name}.tar.gz`), '-C', folder])
  const program = join(folder, name, 'dist/nodelb.js')
  const { stdout } = await execa(process.execPath, [program, '--help'], { cwd: '/' })
  expect(stdout).toContain('Usage: nodelb')
})

test('the list of what is in it names each production package with its licence', () => {
  const { components, metadata } = JSON.parse(read('sbom.cdx.json'))
  expect(metadata.component).toMatchObject({ name: 'nodelb', version })
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const names = components.map(({ name }: { name: string }) => name)
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)))
  for (const each of components) expect(each.licenses, each.name).not.toEqual([])
})

test('actionlint finds nothing to say about the workflows', async () => {
  const script = fileURLToPath(new URL('actionlint.sh', import.meta.url))
  const { stdout } = await execa(script, ['-color=false'], { cwd: root, reject: false })
  expect(stdout).toBe('')
})

test('each script of a release is one that a shell can read', async () => {
  const scripts = readdirSync(join(root, 'scripts/release')).filter((name) => name.endsWith('.sh'))
  expect(scripts.length).toBeGreaterThan(4)
  for (const name of scripts) await execa('bash', ['-n', join(root, 'scripts/release', name)])
})
