import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/report/events/catalogue.ts'
import { openLog } from '../../src/report/events/log.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { toldOnce } from '../../src/report/events/told-once.ts'
import { withoutSecrets } from '../../src/telemetry/secrets.ts'
import { SyncOutput } from '../../src/telemetry/sync-output.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

function linesOf(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const lost = (reason: string, retryMs = 1): Occurrence => {
  return { event: 'watch-lost', resource: 'services', reason, retryMs }
}

describe('lines', () => {
  test('have time, level, event, its fields and a sentence', () => {
    const file = join(folder, 'lines')
    const log = openLog('info', new SyncOutput(openSync(file, 'w')))
    log.write(lost('list services: 503: no', 250))
    log.write({ event: 'kernel-compared', durationMs: 3 })
    expect(linesOf(file)).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'warn',
        event: 'watch-lost',
        resource: 'services',
        reason: 'list services: 503: no',
        retryMs: 250,
        msg: CATALOGUE['watch-lost'].says,
      },
    ])
  })

  test('every event has a name in kebab case and a sentence', () => {
    for (const [name, { says }] of Object.entries(CATALOGUE)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(says).toMatch(/^[a-z].*[^.]$/i)
    }
  })
})

describe('the same state is told once', () => {
  test.each<{ name: string; told: readonly [Occurrence, boolean][] }>([
    {
      name: 'a watch that stays lost for one reason, then for another, then follows',
      told: [
        [lost('refused', 100), true],
        [{ event: 'watch-listing', resource: 'services' }, true],
        [lost('refused', 200), false],
        [{ event: 'watch-lost', resource: 'nodes', reason: 'refused', retryMs: 1 }, true],
        [lost('silent'), true],
        [{ event: 'watch-following', resource: 'services', resourceVersion: '7' }, true],
        [{ event: 'watch-following', resource: 'services', resourceVersion: '8' }, false],
        [lost('silent'), true],
      ],
    },
    {
      name: 'a Service that is refused, and its end, which is news only after a beginning',
      told: [
        [{ event: 'service-accepted', service: 'shop/web' }, false],
        [{ event: 'service-refused', service: 'shop/web', reason: 'ENOSPC' }, true],
        [{ event: 'service-refused', service: 'shop/web', reason: 'ENOSPC' }, false],
        [{ event: 'service-refused', service: 'shop/api', reason: 'ENOSPC' }, true],
        [{ event: 'service-accepted', service: 'shop/web' }, true],
        [{ event: 'service-accepted', service: 'shop/web' }, false],
        [{ event: 'service-refused', service: 'shop/web', reason: 'ENOSPC' }, true],
      ],
    },
    {
      name: 'commits that fail',
      told: [
        [{ event: 'commits-resumed' }, false],
        [{ event: 'commit-failed', reason: 'no answer', durationMs: 5 }, true],
        [{ event: 'commit-failed', reason: 'no answer', durationMs: 6 }, false],
        [{ event: 'commits-resumed' }, true],
      ],
    },
    {
      name: 'what is no state is told each time',
      told: [
        [{ event: 'flows-deleted', deleted: 1, examined: 1 }, true],
        [{ event: 'flows-deleted', deleted: 1, examined: 1 }, true],
      ],
    },
  ])('$name', ({ told }) => {
    const isNews = toldOnce()
    expect(told.map(([occurrence]) => isNews(occurrence))).toEqual(told.map(([, news]) => news))
  })
})

test('what another process does in a loop is told from time to time', () => {
  let now = 0
  const isNews = toldOnce(() => now)
  const by = (process: string) =>
    isNews({ event: 'foreign-change', process, pid: 1000 + now, changes: 'a table' })
  expect([by('nft'), by('nft'), by('ufw')]).toEqual([true, false, true])
  now = 9_999
  expect(by('nft')).toBe(false)
  now = 10_000
  expect([by('nft'), by('nft')]).toEqual([true, false])
})

describe('secrets', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x'
  test.each([
    [`header authorization: Bearer ${token}`, 'header authorization: Bearer [secret]'],
    ['Bearer abc.def/ghi+jkl==', 'Bearer [secret]'],
    [`got ${token}, which is expired`, 'got [secret], which is expired'],
    ['https://admin:hunter2@host:6443/x', 'https://[secret]@host:6443/x'],
    ['{"token":"abcdef"}', '{"token":"[secret]"}'],
    ['password=hunter2 was refused', 'password=[secret] was refused'],
    ['-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- rest', '[secret] rest'],
  ])('%s', (text, clean) => {
    expect(withoutSecrets({ reason: text, list: [text] })).toEqual({ reason: clean, list: [clean] })
  })

  test('what is none stays', () => {
    const occurrence = { reason: 'shop/token-service: the bearer of 10.0.0.1:80 is gone', n: 3 }
    expect(withoutSecrets(occurrence)).toEqual(occurrence)
  })
})

describe('a descriptor that takes nothing', () => {
  test('a full disk loses lines, counts them, and throws nothing', () => {
    const log = openLog('info', new SyncOutput(openSync('/dev/full', 'w')))
    for (let i = 0; i < 100; i++) log.write(lost(`reason ${i}`))
    log.flush()
    expect(log.linesLost()).toBe(100)
  })

  test('a full pipe: lines wait for their reader, whole and in order; what is too much is counted', () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    const log = openLog('info', new SyncOutput(fd, 64 * 1024))
    const written = 5_000
    for (let i = 0; i < written; i++) log.write(lost(`reason ${i}`))
    const missing = log.linesLost()
    expect(missing).toBeGreaterThan(0)
    const drain = (): string => {
      const part = Buffer.alloc(1 << 20)
      let text = ''
      try {
        for (;;) text += part.toString('utf8', 0, readSync(fd, part))
      } catch {}
      return text
    }
    let text = drain()
    for (let i = 0; i < 10; i++) {
      log.flush()
      text += drain()
    }
    log.write(lost('at last'))
    text += drain()
    closeSync(fd)
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const reasons = lines.filter(({ event }) => event === 'watch-lost').map(({ reason }) => reason)
    const kept = written - missing
    expect(reasons).toEqual([...Array.from({ length: kept }, (_, i) => `reason ${i}`), 'at last'])
    expect(lines.at(-1)).toMatchObject({ event: 'log-lines-lost', lines: missing })
  })

  test('a pipe that its reader has closed does not end the process', async () => {
    const source = fileURLToPath(new URL('../../src/report/events/', import.meta.url))
    const script = `
      import { openLog } from ${JSON.stringify(`${source}log.ts`)}
      const log = openLog('info')
      process.stdin.once('data', () => {
        for (let i = 0; i < 10; i++) log.write({ event: 'node-staying' })
        process.exitCode = log.linesLost() === 10 ? 42 : 43
        process.stdin.destroy()
      })
      process.stderr.write('up')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    await new Promise((resolve) => child.stderr.once('data', resolve))
    child.stdout.destroy()
    await new Promise((resolve) => child.stdout.once('close', resolve))
    child.stdin.end('go')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(42)
  })

  /** `waiting`: how long the program waits for its reader, if not as long as usual. */
  const atItsEnd = (waiting = ''): string[] => {
    const source = fileURLToPath(new URL('../../src/', import.meta.url))
    const script = `
      import { openLog } from ${JSON.stringify(`${source}report/events/log.ts`)}
      import { standardOutput } from ${JSON.stringify(`${source}telemetry/json-log.ts`)}
      const log = openLog('info', standardOutput(${waiting}))
      for (let i = 0; i < 5000; i++) log.write({ event: 'node-staying' })
      process.stderr.write('written')
      process.exit(0)`
    return ['--import', 'tsx', '--input-type=module', '-e', script]
  }

  test('a reader that is late gets all that was written before the process ended', async () => {
    // On a busy machine a reader may need longer than the program has for it.
    const child = spawn(process.execPath, atItsEnd('600_000'))
    await once(child.stderr, 'data')
    let text = ''
    for await (const part of child.stdout) text += part
    expect(text.trimEnd().split('\n')).toHaveLength(5000)
  })

  test('a reader that never comes does not keep the process', async () => {
    const child = spawn(process.execPath, atItsEnd())
    expect(await once(child, 'exit')).toEqual([0, null])
    child.stdout.destroy()
  })
})
