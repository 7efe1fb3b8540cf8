import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { type Ended, runProgram } from '../../../src/apply/iptables/process.ts'

const shell = (script: string) => ({ file: '/bin/sh', args: ['-c', script] })

describe('a program', () => {
  test('gets its input, is read line by line, and tells how it ended', async () => {
    const lines: string[] = []
    const call = { file: '/bin/cat', args: [], input: ['one\ntw', 'o\nthree'] }
    const ended = await runProgram({ ...call, onLine: (line) => lines.push(line) })
    expect(ended).toEqual({ kind: 'exited', code: 0, stderr: '' })
    expect(lines).toEqual(['one', 'two', 'three'])
    const failing = await runProgram(shell('echo wrong >&2; exit 3'))
    expect(failing).toEqual({ kind: 'exited', code: 3, stderr: 'wrong\n' })
  })

  test('that does not read its input is no failure', async () => {
    const input = Array.from({ length: 100 }, () => 'x'.repeat(1 << 16))
    const ended = await runProgram({ ...shell('exit 0'), input })
    expect(ended).toEqual({ kind: 'exited', code: 0, stderr: '' })
  })

  test('has an environment of its own', async () => {
    const lines: string[] = []
    const env = { file: '/usr/bin/env', args: [], onLine: (line: string) => lines.push(line) }
    await runProgram(env)
    expect(lines.sort()).toEqual(['LC_ALL=C', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'])
  })
})

describe('a program is stopped', () => {
  test('after its time, also when it does not want to', async () => {
    const stubborn = shell('trap "" TERM; while :; do sleep 0.1; done')
    const ended = await runProgram({ ...stubborn, timeLimit: 100, onLine: () => undefined })
    expect(ended).toEqual({ kind: 'stopped', why: 'time-limit' })
  })

  test('although what it started holds its output open', async () => {
    const leaving = shell('trap "" TERM; sleep 5 & while :; do sleep 0.1; done')
    const began = performance.now()
    await runProgram({ ...leaving, timeLimit: 100, onLine: () => undefined })
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  test('when the caller wants it, before and after its start', async () => {
    const stop = new AbortController()
    const { signal } = stop
    const onLine = (): void => stop.abort()
    const cancelled = { kind: 'stopped', why: 'cancelled' }
    expect(await runProgram({ ...shell('echo; exec sleep 60'), onLine, signal })).toEqual(cancelled)
    expect(await runProgram({ ...shell('exec sleep 60'), signal })).toEqual(cancelled)
  })

  test('by another process', async () => {
    expect(await runProgram(shell('kill -9 $$'))).toEqual({ kind: 'stopped', why: 'SIGKILL' })
  })

  test('when its output cannot be understood', async () => {
    const onLine = (line: string): void => {
      throw new Error(line)
    }
    const ended = await runProgram({ ...shell('echo odd; exec sleep 60'), onLine })
    expect(ended).toEqual({ kind: 'stopped', why: expect.stringContaining('Error: odd') })
  })
})

describe('a program that cannot be started is an outcome', () => {
  test('because there is none', async () => {
    const ended = await runProgram({ file: '/nowhere/iptables-save', args: [], input: ['x'] })
    expect(ended).toEqual({ kind: 'not-started', reason: 'spawn /nowhere/iptables-save ENOENT' })
  })

  test('because its arguments are too long', async () => {
    const ended = await runProgram({ file: '/bin/true', args: ['x'.repeat(1 << 20)] })
    expect(ended).toEqual({ kind: 'not-started', reason: 'spawn E2BIG' })
  })

  test.each([0, 2, 5])('while %d file descriptors are free', async (free) => {
    const script = fileURLToPath(new URL('without-descriptors.ts', import.meta.url))
    const { stdout } = await execa(process.execPath, ['--import', 'tsx', script, String(free)])
    const [ended, later] = JSON.parse(stdout) as readonly Ended[]
    const reason = expect.stringContaining('raise the limit of open files')
    expect(ended).toEqual({ kind: 'not-started', reason })
    expect(later).toEqual({ kind: 'exited', code: 0, stderr: '' })
  })
})
