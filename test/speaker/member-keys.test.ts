import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { beatKey } from '../../src/announce/beat-codec.ts'
import { hmacSha256 } from '../../src/speaker/hmac.ts'
import { MemberKeys } from '../../src/speaker/member-keys.ts'
import { Waiting } from '../support/waiting.ts'

const FIRST = 'the first key of them all'
const SECOND = 'another key than the first'

let folder: string
let file: string
let stop: AbortController
let told: (string | undefined)[]
let running: Promise<void>
const news = new Waiting()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-keys-'))
  file = join(folder, 'secretkey')
  stop = new AbortController()
  told = []
})
afterEach(async () => {
  stop.abort()
  await running
  rmSync(folder, { recursive: true })
})

function follow(): MemberKeys {
  const keys = new MemberKeys(file, (reason) => {
    told.push(reason)
    news.wake()
  })
  running = keys.run(stop.signal)
  return keys
}

function key(text: string) {
  return beatKey(Buffer.from(text), hmacSha256)
}

/** Resolves when the file was read once more. */
async function changed(keys: MemberKeys, text: string): Promise<void> {
  writeFileSync(file, text)
  for (;;) {
    const believed = keys.current(performance.now())?.believed ?? []
    if (believed.some(({ id }) => Buffer.from(id).equals(Buffer.from(key(text).id)))) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a key signs from the beginning, with or without a line break at its end', () => {
  writeFileSync(file, `${FIRST}\n`)
  const keys = follow()
  expect(keys.current(0)).toEqual({ signs: key(FIRST), believed: [key(FIRST)] })
  expect(told).toEqual([])
})

test('after a change both are believed, and the former signs until all have the new one', async () => {
  writeFileSync(file, FIRST)
  const keys = follow()
  await changed(keys, SECOND)
  const now = performance.now()
  const both = [key(SECOND), key(FIRST)]
  expect(keys.current(now)).toEqual({ signs: key(FIRST), believed: both })
  expect(keys.current(now + 299_000)).toEqual({ signs: key(FIRST), believed: both })
  expect(keys.current(now + 301_000)).toEqual({ signs: key(SECOND), believed: both })
  expect(keys.current(now + 601_000)).toEqual({ signs: key(SECOND), believed: [key(SECOND)] })
})

test('a file that is gone or too short is told of, and changes nothing', async () => {
  const keys = follow()
  expect(keys.current(0)).toBeUndefined()
  expect(told).toEqual([expect.stringContaining('ENOENT')])
  await changed(keys, FIRST)
  expect(told.at(-1)).toBeUndefined()
  writeFileSync(file, 'short')
  await news.until(() => told.length === 3 || undefined)
  expect(told.at(-1)).toBe(`${file}: the key has 5 bytes, expected at least 16`)
  expect(keys.current(performance.now())?.signs).toEqual(key(FIRST))
})
