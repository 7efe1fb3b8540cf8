import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type Problem, printProblem } from '../../src/decode/problem.ts'
import { FilePieces } from '../../src/watch/files/file-pieces.ts'
import { folderSource } from '../../src/watch/files/folder.ts'
import { type FilesReader, readFiles } from '../../src/watch/files/read-files.ts'
import { readObjects } from '../../src/watch/files/read-objects.ts'
import { goYaml } from '../support/go-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-large-'))
afterAll(() => rmSync(folder, { recursive: true }))

const root = fileURLToPath(new URL('../../', import.meta.url))

const MEGABYTE = 1024 * 1024

function noStdin(): string {
  throw new Error('standard input is not to be read')
}

function service(name: string, port = 80, note = ''): object {
  const metadata = { name, annotations: { note } }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port }] } }
}

/** More than a megabyte, so that it is read in pieces. */
function largeList(...more: readonly object[]): object {
  const items = Array.from({ length: 700 }, (_, n) => service(`many-${n}`, 80, 'é'.repeat(1_600)))
  return { apiVersion: 'v1', items: [...items, ...more], kind: 'List' }
}

function write(name: string, text: string | Buffer): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function textOf(file: string, pieceBytes: number): string | undefined {
  const pieces = FilePieces.open(file, pieceBytes)
  try {
    const text = [...(pieces?.pieces() ?? [])].join('')
    return pieces?.isSound === true ? text : undefined
  } finally {
    pieces?.close()
  }
}

test('pieces end with whole characters, whatever their size', () => {
  const unit = fc.array(fc.constantFrom('a', 'é', '€', '😀', '\n', '\ufeff'), { minLength: 3 })
  const size = fc.oneof(fc.integer({ min: 500, max: 600 }), fc.integer({ min: 1000, max: 1e6 }))
  fc.assert(
    fc.property(unit, size, (characters, pieceBytes) => {
      const text = characters.join('').repeat(MEGABYTE / characters.length)
      expect(textOf(write('text', text), pieceBytes) === text).toBe(
        Buffer.byteLength(text) > MEGABYTE,
      )
    }),
    { numRuns: 10 },
  )
  const text = 'aé€😀\n'.repeat(MEGABYTE / 10)
  expect(textOf(write('text', text), 1) === text).toBe(true)
})

test('what is no text in UTF-8 has no pieces that count', () => {
  const text = Buffer.from('aé€😀\n'.repeat(MEGABYTE / 10))
  for (const [at, byte] of [
    [3, 0],
    [text.length - 2, 0xff],
    [text.length - 1, 0xc3],
  ] as const) {
    const bytes = Buffer.from(text)
    bytes[at] = byte
    expect(textOf(write('text', bytes), 1000)).toBeUndefined()
  }
})

test.each([
  ['list.json', (list: object) => JSON.stringify(list)],
  ['list.yaml', goYaml],
] as const)('a large %s is read like a small one', (name, print) => {
  const file = write(name, print(largeList(service('bad', 70_000), service('many-0'))))
  const { cluster, problems } = readObjects([file], noStdin)
  expect(cluster.services).toHaveLength(700)
  expect(problems.map(printProblem)).toEqual([
    `${file}: Service default/bad: spec.ports[0].port: found 70000, expected a port from 1 to 65535`,
    `${file}: Service default/many-0: found a second definition, expected one; the last one wins`,
  ])
})

test('standard input is read likewise, and only once', () => {
  let reads = 0
  const read = (text: string) =>
    readObjects(['-'], () => {
      reads++
      return text
    })
  const text = JSON.stringify(largeList(), null, 2)
  expect(read(text).cluster.services).toHaveLength(700)
  const { cluster, problems } = read(text.slice(0, -2))
  expect(cluster.services).toHaveLength(0)
  expect(problems.map(printProblem)).toEqual([
    expect.stringMatching(/^stdin: line \d+: found a syntax error .*, expected JSON$/),
  ])
  expect(reads).toBe(2)
})

test('of damaged JSON nothing is used, and what other files have is read once more', () => {
  const text = JSON.stringify(largeList(), null, 2)
  const whole = write('a.yaml', goYaml(service('whole')))
  const damaged = write('b.json', text.slice(0, -2))
  const { cluster, problems } = readObjects([whole, damaged], noStdin)
  expect(cluster.services.map(({ name }) => name)).toEqual(['whole'])
  expect(problems.map(printProblem)).toEqual([
    expect.stringMatching(`^${damaged}: line ${text.split('\n').length - 1}: found a syntax error`),
  ])
})

test('what is damaged sends no other file to be read as a whole', () => {
  const large = write('a.json', JSON.stringify(largeList()))
  const damaged = write('b.json', JSON.stringify(largeList()).slice(0, -2))
  const parts = new Map<string, string[]>()
  const collecting = (): FilesReader<ReadonlyMap<string, readonly string[]>> => ({
    note: () => undefined,
    begin: (source) => {
      const kinds: string[] = []
      parts.set(source, kinds)
      return { take: ({ kind }) => kinds.push(kind), end: () => undefined }
    },
    end: () => parts,
  })
  expect(readFiles([large, damaged], noStdin, collecting).get(damaged)).toEqual([])
  expect(parts.get(large)).toHaveLength(701)
})

test('a pipe is read once, though another file is read again', () => {
  const one = write('one.yaml', goYaml(service('one')))
  const damaged = write('damaged.json', JSON.stringify(largeList()).slice(0, -2))
  const script = `
    import { readObjects } from './src/watch/files/read-objects.ts'
    const { cluster, problems } = readObjects(process.argv.slice(1), () => '')
    console.log(cluster.services.map(({ name }) => name), problems.map(({ source }) => source))`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]
  const command = ['-c', 'cat "$0" | "$@"', one, ...node, '/dev/stdin', damaged]
  const printed = execFileSync('sh', command, { cwd: root, encoding: 'utf8' })
  expect(printed).toBe(`[ 'one' ] [ '${damaged}' ]\n`)
})

test('what is no file is not opened to see whether it is large', () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const script = `
    import { FilePieces } from './src/watch/files/file-pieces.ts'
    console.log(FilePieces.open(process.argv[1]))`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, pipe]
  const options = { cwd: root, encoding: 'utf8', timeout: 20_000 } as const
  // Opening a pipe waits for its writer.
  expect(execFileSync(process.execPath, args, options)).toBe('undefined\n')
})

test('a file that cannot be looked at any more has not been read as it is', () => {
  const pieces = FilePieces.open(write('large', 'a'.repeat(MEGABYTE + 1)))
  expect(pieces?.isSound).toBe(true)
  pieces?.close()
  expect(pieces?.isSound).toBe(false)
})

test('a file that is cut off while it is read is read again', () => {
  const file = write('cut.json', JSON.stringify(largeList()))
  let readers = 0
  const counting = (): FilesReader<number> => {
    let items = 0
    readers++
    return {
      note: () => undefined,
      begin: () => ({
        take: () => {
          if (items === 0) truncateSync(file, MEGABYTE + 1)
          items++
        },
        end: () => undefined,
      }),
      end: () => items,
    }
  }
  expect(readFiles([file], noStdin, counting)).toBe(0)
  expect(readers).toBe(2)
})

/** What a source tells of a file at first. */
async function told(file: string, during: (count: number) => void): Promise<readonly string[]> {
  const lines: string[] = []
  const stop = new AbortController()
  stop.abort()
  const listener = {
    event: (event: { readonly kind: string; readonly object?: unknown }) => {
      if (event.kind !== 'object') return
      lines.push(JSON.stringify(event.object).replace(/"annotations":\{[^}]*\}/, ''))
      during(lines.length)
    },
    state: () => undefined,
    problems: (problems: readonly Problem[]) => lines.push(problems.map(printProblem).join('; ')),
  }
  await folderSource([file], ['services'])(listener, stop.signal)
  return lines
}

test('of a large file each object is told once, as it is last defined', async () => {
  const list = largeList(service('many-0', 81), service('many-0', 82))
  const lines = await told(write('folder.json', JSON.stringify(list)), () => undefined)
  expect(lines).toHaveLength(700)
  expect(lines.filter((line) => line.includes('"many-0"'))).toEqual([
    expect.stringContaining('"port":82'),
  ])
})

test('a file that is cut off while its objects are told is a problem', async () => {
  const file = write('folder.json', JSON.stringify(largeList()))
  const lines = await told(file, (count) => {
    if (count === 3) truncateSync(file, MEGABYTE + 1)
  })
  const trouble = /\.json: (?:line 1: )?found (?:a syntax error|what is not text)/
  expect(lines.at(-1)).toMatch(trouble)
})
