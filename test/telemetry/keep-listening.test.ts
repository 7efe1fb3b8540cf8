import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { keepListening, type ListenState } from '../../src/telemetry/listen.ts'
import { refusal, takePort } from '../support/asking.ts'
import { Recorder } from '../support/recorder.ts'

/** Listens at a port until the test is over. */
function listening(port: number, clear?: () => Promise<boolean>) {
  const states = new Recorder<ListenState>()
  const server = createServer()
  const stop = keepListening(server, {
    at: { port, host: '127.0.0.1' },
    onState: states.add,
    waits: { next: () => 5 },
    ...(clear && { clear }),
  })
  onTestFinished(() => {
    stop()
    server.close()
  })
  return { states, server, stop }
}

test('a port that another process has is taken once it is free', async () => {
  const taken = await takePort()
  const { states } = listening(taken.port)
  expect(await states.find(({ kind }) => kind === 'waiting')).toMatchObject({
    reason: expect.stringContaining('another process uses it'),
    retryMs: 5,
  })
  await taken.free()
  await states.find(({ kind }) => kind === 'listening')
  expect(await refusal(taken.port)).toBeUndefined()
})

test.each([
  ['cannot be cleared', () => Promise.reject(new Error('no'))],
  ['is not to be cleared', () => Promise.resolve(false)],
])('a place that %s is waited for', async (_, clear) => {
  const taken = await takePort()
  const { states } = listening(taken.port, clear)
  await states.find(({ kind }) => kind === 'waiting')
  await taken.free()
  await states.find(({ kind }) => kind === 'listening')
})

test('a place that can be cleared is taken at once', async () => {
  const taken = await takePort()
  const { states } = listening(taken.port, async () => {
    await taken.free()
    return true
  })
  await states.find(({ kind }) => kind === 'listening')
  expect(states.items).toEqual([{ kind: 'listening' }])
})

test('nothing listens after the end, although it came while the port was being opened', async () => {
  const { port, free } = await takePort()
  await free()
  const { states, server, stop } = listening(port)
  stop()
  await once(server, 'close')
  expect(await refusal(port)).toBe('ECONNREFUSED')
  expect(states.items).toEqual([])
})
