import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Vty } from '../../../src/apply/bgp/vty.ts'
import { Waiting } from '../../support/waiting.ts'

/** What no daemon of FRR does is done by this one; test/kernel/frr.test.ts has real ones. */
let folder: string
let path: string
let server: Server
let client: Socket | undefined
let commands: string[]
/** What it says to `enable`. */
let welcome: string
const broken: string[] = []
const news = new Waiting()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-vty-'))
  path = join(folder, 'bgpd.vty')
  commands = []
  welcome = '\0\0\0\0'
  broken.length = 0
  server = createServer((socket) => {
    client = socket
    socket.on('data', (bytes) => {
      const come = bytes.toString().split('\0').slice(0, -1)
      for (const command of come) {
        commands.push(command)
        if (command === 'enable') socket.write(welcome)
      }
      news.wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
})
afterEach(async () => {
  client?.destroy()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

async function opened(options: { patience?: number; limit?: number } = {}): Promise<Vty> {
  const broke = (reason: string): void => {
    broken.push(reason)
    news.wake()
  }
  const found = await Vty.open({ path, broke, ...options })
  if (found.kind === 'failed') throw new Error(found.reason)
  return found.vty
}

function come(command: string): Promise<true> {
  return news.until(() => (commands.includes(command) ? true : undefined))
}

test('commands are sent without waiting, and each call gets its answers', async () => {
  const vty = await opened()
  const both = Promise.all([vty.ask(['a', 'b']), vty.ask([]), vty.ask(['c'])])
  await come('c')
  expect(commands).toEqual(['enable', 'a', 'b', 'c'])
  client?.write('one\0\0\0\0two\0\0\0\rthree\0\0\0\x02')
  expect(await both).toEqual([
    {
      kind: 'answered',
      answers: [
        { code: 0, text: 'one' },
        { code: 13, text: 'two' },
      ],
    },
    { kind: 'answered', answers: [] },
    { kind: 'answered', answers: [{ code: 2, text: 'three' }] },
  ])
  vty.close()
  expect(broken).toEqual([])
})

test('when the daemon ends, what was asked is broken, and everything after', async () => {
  const vty = await opened()
  const asked = vty.ask(['a'])
  await come('a')
  client?.destroy()
  const over = { kind: 'broken', reason: 'the daemon ended the conversation' }
  expect(await asked).toEqual(over)
  expect(await vty.ask(['b'])).toEqual(over)
  expect(broken).toEqual([over.reason])
})

test('a daemon that says nothing for too long counts as hung', async () => {
  const vty = await opened({ patience: 50 })
  expect(await vty.ask(['a'])).toEqual({
    kind: 'broken',
    reason: 'the daemon has said nothing for 0.05 s',
  })
  expect(broken).toHaveLength(1)
})

test.each([
  { what: 'an answer without end', said: 'x'.repeat(101), reason: 'longer than 100 bytes' },
  { what: 'what was not asked', said: 'a\0\0\0\0b\0\0\0\0', reason: 'what was not asked' },
])('$what ends the conversation', async ({ said, reason }) => {
  const vty = await opened({ limit: 100 })
  const asked = vty.ask(['a'])
  await come('a')
  client?.write(said)
  await news.until(() => broken[0])
  expect(broken).toEqual([expect.stringContaining(reason)])
  expect((await asked).kind).toBe(reason.endsWith('asked') ? 'answered' : 'broken')
})

test('what was asked is broken when nodelb ends the conversation, which is not told', async () => {
  const vty = await opened()
  const asked = vty.ask(['a'])
  vty.close()
  expect(await asked).toEqual({ kind: 'broken', reason: 'nodelb ended the conversation' })
  expect(broken).toEqual([])
})

test('a socket that is not there, or no vty, is told', async () => {
  const missing = join(folder, 'bfdd.vty')
  expect(await Vty.open({ path: missing, broke: () => {} })).toEqual({
    kind: 'failed',
    code: 'ENOENT',
    reason: `connect ENOENT ${missing}`,
  })
  welcome = '% Bad\0\0\0\x02'
  expect(await Vty.open({ path, broke: () => {} })).toEqual({
    kind: 'failed',
    code: 'EPROTO',
    reason: `${path}: it answers: % Bad`,
  })
})
