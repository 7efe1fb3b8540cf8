import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { patchStatus } from '../../src/controller/status-writer.ts'
import { withTimeLimit } from '../../src/watch/time-limit.ts'

const source = fileURLToPath(new URL('../../src/', import.meta.url))

/** Resolves with the reason for which the signal aborts, and collects garbage until then. */
async function aborted(signal: AbortSignal): Promise<string> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const reason = new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve(String(signal.reason)))
  })
  let over = false
  const collecting = async (): Promise<void> => {
    for (; !over; await pause(5)) collect()
  }
  const result = await Promise.race([reason, collecting().then(() => 'never')])
  over = true
  return result
}

test('a task is told to end when its time is over, also after garbage was collected', async () => {
  const never = new AbortController().signal
  expect(await withTimeLimit(100, never, aborted)).toBe('TimeoutError: it took longer than 0.1 s')
})

test('a task is told to end when the given signal aborts, and at once if it has', async () => {
  const stop = new AbortController()
  const running = withTimeLimit(60_000, stop.signal, aborted)
  stop.abort('enough')
  expect(await running).toBe('enough')
  expect(await withTimeLimit(60_000, stop.signal, async ({ reason }) => reason)).toBe('enough')
})

test('what a task returns or throws is passed on, and nothing listens any more', async () => {
  const never = new AbortController().signal
  expect(await withTimeLimit(60_000, never, async () => 7)).toBe(7)
  const failing = withTimeLimit(60_000, never, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
})

test('a status that is not taken in time is given up when the replica no longer leads', async () => {
  const client = {
    async fetch({ signal }: { signal: AbortSignal }) {
      return { kind: 'broken', reason: await aborted(signal) } as const
    },
  }
  const options = { client, leadsFor: () => 100 }
  const written = await patchStatus('/status', {}, options, new AbortController().signal)
  expect(written.kind).toBe('failed')
})

test('no time limit is joined with another signal in the way that Node.js 20 forgets', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const users = files
    .filter((file) => file.endsWith('.ts') && file !== 'watch/time-limit.ts')
    .filter((file) => /AbortSignal\.any/.test(readFileSync(source + file, 'utf8')))
    .filter((file) => /AbortSignal\.timeout/.test(readFileSync(source + file, 'utf8')))
  expect(users).toEqual([])
})

test('many tasks may end with one signal, without a warning of Node.js', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): unknown => warnings.push(warning)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const stop = new AbortController()
  const tasks = Array.from({ length: 12 }, () => withTimeLimit(60_000, stop.signal, aborted))
  stop.abort('the end')
  expect(new Set(await Promise.all(tasks))).toEqual(new Set(['the end']))
  await pause(0)
  expect(warnings).toEqual([])
})
