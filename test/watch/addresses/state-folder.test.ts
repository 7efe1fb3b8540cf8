import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Waits } from '../../../src/model/retry.ts'
import type { AddressNews } from '../../../src/watch/addresses/address-news.ts'
import type { GivenAddresses } from '../../../src/watch/addresses/given.ts'
import { givenText } from '../../../src/watch/addresses/given-text.ts'
import { StateFolder } from '../../../src/watch/addresses/state-folder.ts'
import { held } from '../../allocate/worlds.ts'
import { Recorder } from '../../support/recorder.ts'

const SOON = { first: 5, most: 5, factor: 1, jitter: 0 }
let scratch = ''
let open: StateFolder[] = []

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'nodelb-state-'))
})

afterEach(() => {
  for (const state of open) state.close()
  open = []
  rmSync(scratch, { recursive: true })
})

function start(folder = join(scratch, 'state')) {
  const told = new Recorder<AddressNews>()
  const state = new StateFolder(folder, told.add, new Waits(SOON))
  open.push(state)
  const next = (event: AddressNews['event']) => told.find((news) => news.event === event)
  return { state, told, next, file: join(folder, 'addresses.state'), folder }
}

function giving(address: string): GivenAddresses {
  return new Map([['shop/web', { addresses: held(address, 'p'), status: [], renewed: undefined }]])
}

test('what was saved is there after a restart, and nothing else is left in the folder', async () => {
  const { state, file, told } = start()
  expect(state.given()).toEqual(new Map())
  await state.save(giving('192.0.2.1'))
  await state.save(giving('192.0.2.2'))
  state.close()
  expect(existsSync(`${file}.new`)).toBe(false)
  expect(start().state.given()).toEqual(giving('192.0.2.2'))
  expect(told.items.map(({ event }) => event)).toEqual(['addresses-saved', 'addresses-saved'])
})

test('the last of several saves counts, whether they were waited for or not', async () => {
  const { state } = start()
  await Promise.all([1, 2, 3].map((last) => state.save(giving(`192.0.2.${last}`))))
  state.close()
  expect(start().state.given()).toEqual(giving('192.0.2.3'))
})

test('half a draft that a crash left is no hindrance', async () => {
  const { folder, file, state } = start()
  mkdirSync(folder)
  writeFileSync(file, givenText(giving('192.0.2.1')))
  writeFileSync(`${file}.new`, givenText(giving('192.0.2.2')).slice(0, 40))
  expect(state.given()).toEqual(giving('192.0.2.1'))
  await state.save(giving('192.0.2.3'))
  state.close()
  expect(start().state.given()).toEqual(giving('192.0.2.3'))
})

test.each([
  ['half a file', givenText(giving('192.0.2.1')).slice(0, 60), 'ends too early'],
  ['a newer version', '{"kind":"GivenAddresses","version":9}', 'is of version 9'],
  ['a file of another program', 'shopping list', 'no JSON'],
])('%s is told, and copied before it is replaced', async (_, text, reason) => {
  const { state, told, file, folder } = start()
  mkdirSync(folder)
  writeFileSync(file, text)
  expect(state.given()).toEqual(new Map())
  expect(told.items).toEqual([
    { event: 'addresses-not-read', file, reason: expect.stringContaining(reason) },
  ])
  expect(readFileSync(file, 'utf8')).toBe(text)
  await state.save(giving('192.0.2.1'))
  expect(readFileSync(`${file}.unread`, 'utf8')).toBe(text)
  expect(readFileSync(file, 'utf8')).toBe(givenText(giving('192.0.2.1')))
})

test('a folder that cannot be used is told, and tried again until it can', async () => {
  const folder = join(scratch, 'state')
  writeFileSync(folder, 'a file in its place')
  const { state, next } = start(folder)
  expect(state.given()).toEqual(new Map())
  await state.save(giving('192.0.2.1'))
  expect(await next('addresses-not-saved')).toMatchObject({ folder, reason: 'it is no folder' })
  // What is given meanwhile counts, although it is not saved.
  expect(state.given()).toEqual(giving('192.0.2.1'))
  rmSync(folder)
  await next('addresses-saved')
  state.close()
  expect(start().state.given()).toEqual(giving('192.0.2.1'))
})

test('a file that cannot be copied is not replaced', async () => {
  const { state, file, folder, next } = start()
  mkdirSync(folder)
  writeFileSync(file, 'shopping list')
  mkdirSync(`${file}.unread`)
  state.given()
  await state.save(giving('192.0.2.1'))
  await next('addresses-not-saved')
  expect(readFileSync(file, 'utf8')).toBe('shopping list')
  rmSync(`${file}.unread`, { recursive: true })
  await next('addresses-saved')
  expect(readFileSync(`${file}.unread`, 'utf8')).toBe('shopping list')
})

test('a disk that hangs holds up for a second what is served, and is told', async () => {
  const { state, next, folder, file } = start()
  mkdirSync(folder)
  // To open a named pipe waits until somebody reads it.
  execFileSync('mkfifo', [`${file}.new`])
  await state.save(giving('192.0.2.1'))
  expect(await next('addresses-not-saved')).toMatchObject({
    reason: 'the disk has not answered within 1000 ms',
  })
  const reader = openSync(`${file}.new`, constants.O_RDONLY | constants.O_NONBLOCK)
  // A pipe cannot be made durable, so the next try begins with a file.
  await next('addresses-saved')
  closeSync(reader)
  state.close()
  expect(start().state.given()).toEqual(giving('192.0.2.1'))
})

test('a second process reads what the first gave, and writes when the first has ended', async () => {
  const first = start()
  await first.state.save(giving('192.0.2.1'))
  const second = start()
  expect(second.state.given()).toEqual(giving('192.0.2.1'))
  await second.state.save(giving('192.0.2.2'))
  const { folder } = second
  expect(await second.next('addresses-not-saved')).toEqual({
    event: 'addresses-not-saved',
    folder,
    reason: 'another process keeps its addresses there',
  })
  expect(start().state.given()).toEqual(giving('192.0.2.1'))
  first.state.close()
  await second.next('addresses-saved')
  expect(start().state.given()).toEqual(giving('192.0.2.2'))
})
