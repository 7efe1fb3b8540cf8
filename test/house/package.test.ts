import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-package-'))
const nodelb = join(folder, 'dist', 'nodelb.js')

beforeAll(() => execa(process.execPath, ['scripts/image-files.mjs', folder], { cwd: root }))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs what the image will hold, with nothing of this project in reach. */
function run(args: readonly string[]): Promise<{ readonly stdout: string }> {
  return execa(process.execPath, [nodelb, ...args], { cwd: '/', env: {}, extendEnv: false })
}

function files(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  )
}

test('the files of the image run by themselves', async () => {
  expect((await run(['--version'])).stdout).toBe(packageJson.version)
  expect((await run(['--help'])).stdout).toContain('Usage: nodelb')
  const demo = join(root, 'fixtures', 'demo')
  const objects = ['-f', join(demo, '1-web.yaml'), '-f', join(demo, 'node.yaml')]
  const { stdout } = await run(['render', ...objects, '--node', 'node-a'])
  expect(stdout).toContain('table ip nodelb')
})

test('the texts of the licences are among them', () => {
  const texts = files().filter((file) => /licen[cs]e|notices/i.test(file))
  expect(texts.sort()).toEqual([
    'LICENSE',
    'dist/THIRD-PARTY-NOTICES.txt',
    'node_modules/koffi/LICENSE.txt',
    'node_modules/netlink/LICENSE',
    'node_modules/node-gyp-build/LICENSE',
  ])
})

test('they are few, and made for this platform only', () => {
  const native = files().filter((file) => file.endsWith('.node'))
  expect(native.sort()).toEqual([
    `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
    expect.stringMatching(`^node_modules/netlink/prebuilds/linux-${process.arch}/[^/]+$`),
  ])
  const size = files().reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  expect(size).toBeLessThan(8 * 1024 * 1024)
  expect(files().filter((file) => /\.(cc|hh|h|gyp|d\.ts|map)$/.test(file))).toEqual([])
})

test('the image is made of them, by the file that this runs', () => {
  const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8')
  const instructions = dockerfile.replaceAll('\\\n', ' ').split('\n')
  const ran = instructions.filter((line) => line.startsWith('RUN') && line.includes('image-files'))
  expect(ran).toEqual(['RUN node scripts/build.mjs && node scripts/image-files.mjs /image'])
  // What comes after the last FROM is the image; nothing else is brought into it.
  const image = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM')))
  expect(image.filter((line) => /^(COPY|ADD)/.test(line))).toEqual([
    'COPY --from=build /node/bin/node /usr/local/bin/node',
    'COPY --from=build /node/LICENSE /usr/local/share/doc/node/LICENSE',
    'COPY --from=build /image /nodelb',
  ])
})

test('everything that the Dockerfile copies is in reach of it', () => {
  const allowed = readFileSync(`${root}.dockerignore`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const copied = readFileSync(`${root}Dockerfile`, 'utf8')
    .split('\n')
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1))
  for (const name of copied) {
    expect(allowed.filter((file) => file === name || file.startsWith(`${name}/`))).not.toEqual([])
  }
  for (const file of allowed) expect(statSync(`${root}${file}`)).toBeDefined()
})
