import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configPlaces } from '../../src/cli/follow-config.ts'
import { loadConfig } from '../../src/cli/load.ts'
import { readConfig } from '../../src/config/config.ts'
import { printProblem } from '../../src/decode/problem.ts'

let folder: string
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nscope: all\n'
const kubeProxy =
  'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.1.0.0/16\n'

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Writes files as the kubelet mounts them: links to a folder that it replaces at once. */
function mount(files: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, '..data'))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, '..data', name), text)
    symlinkSync(join('..data', name), join(folder, name))
  }
}

function problemsOf(path: string): string[] {
  return loadConfig(path).problems.map((problem) => printProblem(problem))
}

test('the files of a folder are one configuration', () => {
  mount({ 'config.yaml': nodelb, 'kube-proxy.yaml': kubeProxy })
  const together = readConfig(`${nodelb}---\n${kubeProxy}`, join(folder, 'config.yaml'))
  expect(together.kind).toBe('config')
  const { documents, ...apart } = loadConfig(folder)
  expect(together).toMatchObject(apart)
  const files = ['config.yaml', 'kube-proxy.yaml'].map((name) => join(folder, name))
  expect(documents?.map(({ source }) => source)).toEqual(files)
})

test('the same kind in two files of a folder is a mistake that names the second file', () => {
  mount({ 'a.yaml': nodelb, 'b.yaml': nodelb })
  expect(loadConfig(folder).config).toBeUndefined()
  expect(problemsOf(folder)).toEqual([
    `${join(folder, 'b.yaml')}: NodelbConfiguration: found a second document of this kind, expected one`,
  ])
})

test('a folder without any file of configuration is a mistake', () => {
  expect(loadConfig(folder).config).toBeUndefined()
  expect(problemsOf(folder)).toEqual([
    `${folder}: found no .yaml, .yml or .json file, expected a folder with at least one`,
  ])
})

test('a file that is not there is a mistake', () => {
  const path = join(folder, 'none.yaml')
  expect(problemsOf(path)).toEqual([
    `${path}: found no such file or folder, expected a readable file or folder`,
  ])
})

test('a file that cannot be read spoils the whole folder', () => {
  mount({ 'config.yaml': nodelb, 'latin.yaml': nodelb })
  writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0xe4, 0x0a]))
  expect(loadConfig(folder).config).toBeUndefined()
  expect(problemsOf(folder)).toEqual([
    `${join(folder, 'latin.yaml')}: found what is not text in UTF-8, expected a readable file`,
  ])
})

test('a folder is watched as well as the place where it is', () => {
  expect([...configPlaces('/etc/nodelb')]).toEqual(['/etc', '/etc/nodelb'])
})
