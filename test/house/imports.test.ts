import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { FOLDERS, MAIN, REASONS, WORLD } from './import-table.ts'
import { importRules } from './linter.ts'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

interface Import {
  /** Below src. */
  readonly file: string
  /** A package, `node:fs`, or the path of a file below src. */
  readonly of: string
}

const files: readonly string[] = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts'),
)
const imports: readonly Import[] = files.flatMap((file) => importsOf(file))

function importsOf(file: string): Import[] {
  const text = readFileSync(src + file, 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/g,
  )
  return [...found].map(([, fixed, dynamic]) => {
    const name = fixed ?? dynamic ?? ''
    return { file, of: name.startsWith('.') ? normalize(join(dirname(file), name)) : name }
  })
}

function importersOf(name: RegExp): string[] {
  return [...new Set(imports.filter(({ of }) => name.test(of)).map(({ file }) => file))].sort()
}

test('the search finds imports', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(importersOf(/^commander$/)).toEqual([
    'cli/about-arguments.ts',
    'cli/arguments.ts',
    'cli/cluster-arguments.ts',
    'cli/command-tree.ts',
    'cli/common-options.ts',
    'cli/help.ts',
    'cli/kubectl-arguments.ts',
    'cli/run-arguments.ts',
    'cli/status-arguments.ts',
  ])
})

/** What a file imports beyond its own folder: other folders of src, and packages. */
const beyond: readonly { readonly file: string; readonly of: string }[] = imports
  .map(({ file, of }) => ({ file, of: of.endsWith('.ts') ? dirname(of) : of }))
  .filter(({ file, of }) => of !== dirname(file))

function allowedIn(file: string): readonly string[] {
  if (file === 'main.ts') return MAIN
  return [...(FOLDERS[dirname(file)] ?? []), ...(WORLD[file] ?? [])]
}

/** The names that `a/{b,c}` stands for. */
function allNamed([, name = '']: readonly string[]): readonly string[] {
  const [, stem = '', ends] = /^(.*)\{(.*)\}$/.exec(name) ?? []
  return ends === undefined ? [name] : ends.split(',').map((end) => `${stem}${end}`)
}

describe('the table of imports', () => {
  test('allows all that is imported', () => {
    const others = beyond.filter(({ file, of }) => !allowedIn(file).includes(of))
    expect(others.map(({ file, of }) => `${file} imports ${of}`)).toEqual([])
  })

  test('allows nothing that is not imported', () => {
    const used = (is: (file: string) => boolean, name: string): boolean =>
      beyond.some(({ file, of }) => of === name && is(file))
    const folders = Object.entries(FOLDERS).flatMap(([folder, may]) =>
      may
        .filter((name) => !used((file) => dirname(file) === folder, name))
        .map((name) => `${folder}: ${name}`),
    )
    const files = Object.entries(WORLD).flatMap(([file, may]) =>
      may.filter((name) => !used((each) => each === file, name)).map((name) => `${file}: ${name}`),
    )
    const main = MAIN.filter((name) => !used((file) => file === 'main.ts', name))
    expect([...folders, ...files, ...main]).toEqual([])
  })

  test('names every folder', () => {
    const folders = new Set(files.map((file) => dirname(file)).filter((each) => each !== '.'))
    expect(Object.keys(FOLDERS).sort()).toEqual([...folders].sort())
  })

  test('has the folders of the map in ARCHITECTURE.md', () => {
    const text = readFileSync(`${src}../ARCHITECTURE.md`, 'utf8')
    const rows = [...text.matchAll(/^\| (`[^|]*`) \| /gm)].map(([, names = '']) => names)
    const named = rows.flatMap((names) => [...names.matchAll(/`([^`]+)`/g)].flatMap(allNamed))
    const folders = named.filter((name) => !name.endsWith('.ts'))
    expect(folders.sort()).toEqual(Object.keys(FOLDERS).sort())
  })

  test('is what the linter refuses all else by: npm run imports', () => {
    expect(readFileSync(`${src}../biome.imports.json`, 'utf8')).toBe(importRules())
  })

  test('has no import that runs up', () => {
    const floors = Object.keys(REASONS)
    const floor = (folder: string): number => floors.indexOf(folder.split('/')[0] ?? '')
    const up = Object.entries(FOLDERS).flatMap(([folder, may]) =>
      may.filter((name) => floor(name) > floor(folder)).map((name) => `${folder}: ${name}`),
    )
    expect(up).toEqual([])
  })
})

describe('few files ask what time it is', () => {
  /** Each needs a date. What lasts is measured by `performance.now`, which no one can set. */
  const dates = [
    // The files of a bundle have the time at which it was made.
    'cli/about/bundle.ts',
    // kube-proxy's answer has the time.
    'report/probes.ts',
    // kube-proxy's metrics have times of day.
    'report/metrics/kube-proxy-metrics.ts',
    // An incarnation: later runs of an agent have later ones.
    'speaker/beat-maker.ts',
    'telemetry/latency.ts',
    'telemetry/process-metrics.ts',
    'report/telemetry.ts',
    // A server, and a plugin, give a date up to which something holds.
    'watch/api/answer.ts',
    'watch/api/exec-plugin.ts',
  ]
  test(dates.join(', '), () => {
    const asking = files.filter((file) => readFileSync(src + file, 'utf8').includes('Date.now'))
    expect(asking.sort()).toEqual([...dates].sort())
  })
})
