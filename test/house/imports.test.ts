import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

interface Import {
  /** Below src. */
  readonly file: string
  /** A package, `node:fs`, or the path of a file below src. */
  readonly of: string
}

const imports: readonly Import[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(file))

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
  expect(importersOf(/^commander$/)).toEqual(['cli/arguments.ts'])
})

describe('few files reach the world', () => {
  test.each<{ name: RegExp; files: readonly string[] }>([
    { name: /^netlink$/, files: ['apply/netlink/socket.ts'] },
    { name: /^koffi$/, files: ['apply/netlink/socket-options.ts'] },
    {
      name: /^(node:)?(net|http|https|http2|tls|dgram|child_process|worker_threads|cluster)$/,
      files: [],
    },
    { name: /^(execa|undici|@kubernetes\/client-node)$/, files: [] },
  ])('$name is imported by $files', ({ name, files }) => {
    expect(importersOf(name)).toEqual(files)
  })

  test('only the command line, and main, read and write files', () => {
    const files = importersOf(/^(node:)?fs(\/promises)?$/)
    // The socket's file descriptor is found in /proc.
    const allowed = ['apply/netlink/socket-options.ts', 'main.ts']
    expect(files.filter((file) => !file.startsWith('cli/') && !allowed.includes(file))).toEqual([])
  })
})

describe('a folder imports only what it may', () => {
  test.each<{ folder: string; may: readonly string[] }>([
    { folder: 'model', may: ['ipaddr.js'] },
    { folder: 'ruleset', may: ['model'] },
    { folder: 'render', may: ['model', 'ruleset'] },
    { folder: 'plan', may: ['model', 'ruleset'] },
    {
      folder: 'apply',
      may: ['model', 'ruleset', 'plan', 'netlink', 'koffi', 'node:fs', 'node:os'],
    },
    { folder: 'watch', may: ['model', 'zod'] },
    { folder: 'agent', may: ['model', 'ruleset', 'render', 'plan', 'apply'] },
  ])('$folder: $may', ({ folder, may }) => {
    const allowed = new Set([folder, ...may])
    const others = imports
      .filter(({ file, of }) => file.startsWith(`${folder}/`) && !allowed.has(topOf(of)))
      .map(({ file, of }) => `${file} imports ${of}`)
    expect(others).toEqual([])
  })

  test('nobody imports main', () => {
    expect(importersOf(/^main\.ts$/)).toEqual([])
  })
})

/** The folder of a file below src; the whole name of a package. */
function topOf(name: string): string {
  return /^(model|ruleset|render|plan|apply|watch|agent|cli)\//.exec(name)?.[1] ?? name
}
