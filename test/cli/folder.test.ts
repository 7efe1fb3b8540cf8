import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { valueAt } from '../../src/decode/fields.ts'
import { type Problem, printProblem } from '../../src/decode/problem.ts'
import { folderSource } from '../../src/watch/files/folder.ts'
import { NODE_RESOURCES } from '../../src/watch/resources.ts'
import type { SourceEvent } from '../../src/watch/source.ts'

let folder = ''
let stop = new AbortController()
let done: Promise<void> = Promise.resolve()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-folder-'))
  stop = new AbortController()
})

afterEach(async () => {
  stop.abort()
  await done
  rmSync(folder, { recursive: true })
})

function manifest(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`
}

/** Also as an editor does it: the file is never seen half written. */
function write(path: string, ...documents: readonly string[]): void {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(`${file}.new`, documents.join('---\n'))
  renameSync(`${file}.new`, file)
}

/** What has been told, in short; `next` waits until there is that much more of it. */
function follow(
  paths: readonly string[] = [folder],
  during: (line: string) => void = () => undefined,
) {
  const told: string[] = []
  let wake = (): void => undefined
  const tell = (line: string): void => {
    during(line)
    told.push(line)
    wake()
  }
  done = folderSource(paths, NODE_RESOURCES)(
    {
      event: (event) => tell(inShort(event)),
      state: () => undefined,
      problems: (problems: readonly Problem[]) => tell(problems.map(printProblem).join('; ')),
    },
    stop.signal,
  )
  return async (count: number): Promise<readonly string[]> => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return told.splice(0)
  }
}

function inShort(event: SourceEvent): string {
  if (event.kind === 'listed') return `listed ${event.resource}: ${[...event.names].join(' ')}`
  if (event.kind === 'deleted') return `deleted ${event.namespace}/${event.name}`
  return `${valueAt(event.object, ['metadata', 'name'])}:${valueAt(event.object, ['spec', 'ports', 0, 'port'])}`
}

const LISTED = [
  'listed services: default/web',
  'listed endpointslices: ',
  'listed nodes: ',
] as const

async function started(paths?: readonly string[]) {
  const next = follow(paths)
  expect(await next(4)).toEqual(['web:80', ...LISTED])
  return next
}

test('tells what is there, then what changes', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  write('b.yaml', manifest('api'), manifest('db'))
  expect(await next(2)).toEqual(['api:80', 'db:80'])
  write('b.yaml', manifest('api', 81))
  expect((await next(2)).toSorted()).toEqual(['api:81', 'deleted default/db'])
  rmSync(join(folder, 'b.yaml'))
  expect(await next(1)).toEqual(['deleted default/api'])
})

test('looks into folders that come later', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  write('team/api.yaml', manifest('api'))
  expect(await next(1)).toEqual(['api:80'])
  write('team/db.yaml', manifest('db'))
  expect(await next(1)).toEqual(['db:80'])
})

test('the last definition wins, and the one before it when that goes', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  write('b.yaml', manifest('web', 81))
  expect(await next(1)).toEqual(['web:81'])
  rmSync(join(folder, 'b.yaml'))
  expect(await next(1)).toEqual(['web:80'])
})

test('of several definitions only the last is told', async () => {
  write('a.yaml', manifest('web', 79), manifest('api', 79))
  write('b.yaml', manifest('web'), manifest('api'))
  const next = follow()
  const [web, api, listed] = await next(5)
  expect([web, api, listed]).toEqual([
    'web:80',
    'api:80',
    'listed services: default/web default/api',
  ])
  write('a.yaml', manifest('web', 78), manifest('db', 78))
  expect(await next(1)).toEqual(['db:78'])
})

test('objects that change places are never gone', async () => {
  write('..one/a.yaml', manifest('web'))
  write('..one/b.yaml', manifest('api'))
  write('..two/a.yaml', manifest('api', 81))
  write('..two/b.yaml', manifest('web', 81))
  symlinkSync('..one', join(folder, '..data'))
  for (const name of ['a.yaml', 'b.yaml']) symlinkSync(`..data/${name}`, join(folder, name))
  const next = follow()
  await next(5)
  symlinkSync('..two', join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  expect((await next(2)).toSorted()).toEqual(['api:81', 'web:81'])
})

test('a file that cannot be read takes nothing away', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  write('a.yaml', 'kind: [\n', manifest('api'))
  const told = await next(2)
  expect(told[0]).toBe('api:80')
  expect(told[1]).toContain('a.yaml: line 1: found a syntax error')
  write('a.yaml', manifest('web', 81))
  expect((await next(3)).toSorted()).toEqual(['', 'deleted default/api', 'web:81'])
})

test('an object that cannot be identified may be any of those the file had', async () => {
  write('a.yaml', manifest('web'), manifest('api'))
  const next = follow()
  await next(5)
  write('a.yaml', manifest('Web'), manifest('api', 81))
  expect(await next(2)).toEqual([
    'api:81',
    `${join(folder, 'a.yaml')}: Service default/Web: metadata.name: found "Web", expected a name in lower-case letters, digits, "-" and "."`,
  ])
  write('a.yaml', manifest('api', 81))
  expect(await next(2)).toEqual(['deleted default/web', ''])
})

test('follows a mounted ConfigMap, whose files change by a link', async () => {
  write('..one/a.yaml', manifest('web'))
  write('..two/a.yaml', manifest('web', 81))
  symlinkSync('..one', join(folder, '..data'))
  symlinkSync('..data/a.yaml', join(folder, 'a.yaml'))
  const next = await started()
  symlinkSync('..two', join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  expect(await next(1)).toEqual(['web:81'])
})

test('follows single files', async () => {
  write('a.yaml', manifest('web'))
  write('b.yaml', manifest('api'))
  const next = await started([join(folder, 'a.yaml')])
  write('a.yaml', manifest('web', 81))
  expect(await next(1)).toEqual(['web:81'])
})

test('a place that cannot be looked at is told, and the others are followed', async () => {
  write('a.yaml', manifest('web'))
  const loop = join(folder, 'loop')
  symlinkSync('loop', loop)
  const next = follow([join(folder, 'a.yaml'), loop])
  const [first, problem = '', ...listed] = await next(5)
  expect([first, ...listed]).toEqual(['web:80', ...LISTED])
  expect(problem).toContain('links that lead in a circle')
  write('a.yaml', manifest('web', 81))
  expect(await next(1)).toEqual(['web:81'])
})

test('a file that is emptied in place takes nothing away, and says so', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  writeFileSync(join(folder, 'a.yaml'), '')
  expect((await next(1)).join()).toContain('found nothing any more')
  write('a.yaml', manifest('web', 81))
  expect([...(await next(2))].sort()).toEqual(['', 'web:81'])
})

test('a Node that goes is told by its name alone', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  write('b.yaml', 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n')
  expect(await next(1)).toEqual(['n1:undefined'])
  rmSync(join(folder, 'b.yaml'))
  expect(await next(1)).toEqual(['deleted /n1'])
})

test('definitions that were hidden by one file are all told when it goes', async () => {
  write('a.yaml', manifest('web'), manifest('api'))
  write('b.yaml', manifest('web', 81), manifest('api', 81))
  const next = follow()
  expect((await next(5)).slice(0, 2)).toEqual(['web:81', 'api:81'])
  rmSync(join(folder, 'b.yaml'))
  expect([...(await next(2))].sort()).toEqual(['api:80', 'web:80'])
})

test('an object is known as it was told, also if its file changed just before', async () => {
  write('b.yaml', manifest('web', 81))
  write('c.yaml', manifest('web', 82))
  const next = follow([folder], (line) => {
    if (line === 'api:80') write('b.yaml', manifest('web', 83))
    if (line === 'web:83') write('b.yaml', manifest('web', 81))
  })
  expect(await next(4)).toEqual(['web:82', ...LISTED])
  write('a.yaml', manifest('api'))
  rmSync(join(folder, 'c.yaml'))
  expect(await next(3)).toEqual(['api:80', 'web:83', 'web:81'])
})

test('an object that is nested too deep is told as a problem, and the rest is followed', async () => {
  write('a.yaml', manifest('web'))
  const next = await started()
  const levels = 100_000
  const deep = `{"a": ${'['.repeat(levels)}${']'.repeat(levels)}}`
  const object = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "deep"}, "spec": ${deep}}`
  write('b.json', object)
  write('c.yaml', manifest('api'))
  expect(await next(2)).toEqual([
    'api:80',
    `${join(folder, 'b.json')}: Service default/deep: found an object that is nested too deep, expected one of fewer levels`,
  ])
})
