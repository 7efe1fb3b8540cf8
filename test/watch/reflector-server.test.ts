import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { follow, isAbout, isFollowing, isListed, isLost, namesIn } from '../e2e/support/follow.ts'
import {
  added,
  isWatch,
  listOf,
  ScriptedApi,
  serveNothing,
  slice,
} from '../support/scripted-api.ts'

/** Lists what there is, and answers the first watch as told; later ones stay open. */
async function start(watched: (answer: ServerResponse) => void, ...items: object[]) {
  let first = true
  const api = await ScriptedApi.start((url, answer) => {
    if (!isWatch(url)) {
      answer.end(listOf(items))
      return
    }
    answer.flushHeaders()
    if (first) watched(answer)
    first = false
  })
  return { api, ...follow(api.location(), 'endpointslices') }
}

describe('a watch that goes on being open', () => {
  const expired = { kind: 'Status', code: 410, message: 'too old resource version' }
  test.each([
    [
      'an error',
      JSON.stringify({ type: 'ERROR', object: expired }),
      '410: too old resource version',
    ],
    ['a text that breaks off', '{"type":"MODIFIED","obj\n', 'no event: "{\\"type\\":'],
    ['a page for people', '<html>', 'no event: "<html>"'],
    ['an event of an unknown type', '{"type":"MOVED","object":{}}', 'no event: an event "MOVED"'],
    ['an object that is none', '{"type" "ADDED"}', 'no event: "{\\"type\\" '],
  ])('is ended at %s, and all is listed anew', async (_, text, reason) => {
    const { api, events, states } = await start((answer) => answer.write(text), slice('a'))
    const lost = await states.find(isLost)
    expect(lost).toMatchObject({
      reason: expect.stringContaining(`watch endpointslices: ${reason}`),
    })
    await api.closed.find(isWatch)
    await states.find(isFollowing, states.items.indexOf(lost))
    expect(events.items.filter(isListed).length).toBe(2)
  })

  test('is ended after silence, also if it never said a word', async () => {
    const api = await ScriptedApi.start(serveNothing)
    const { states } = follow(api.location(), 'services', { watch: 60_000, silence: 50 })
    expect(await states.find(isLost)).toMatchObject({
      reason: 'watch services: nothing was heard for 0.05 s',
    })
    await api.closed.find(isWatch)
  })
})

test('events need not stand one to a line', async () => {
  const pretty = JSON.stringify(JSON.parse(added('pretty', '102')), undefined, 2)
  const { events, states } = await start((answer) => {
    answer.write(`${added('close')}${added('by')}\n\n${pretty}`)
  })
  await events.find(isAbout('object', 'pretty'))
  expect(events.items.filter(({ kind }) => kind === 'object').length).toBe(3)
  expect(states.items.filter(isLost)).toEqual([])
})

describe('a list', () => {
  async function listing(script: (answer: ServerResponse) => void) {
    let first = true
    const api = await ScriptedApi.start((url, answer) => {
      if (isWatch(url)) return answer.flushHeaders()
      if (first) script(answer)
      else answer.end(listOf([slice('a')]))
      first = false
    })
    return follow(api.location(), 'endpointslices')
  }

  test('is told item by item while it comes, so that none of it piles up', async () => {
    let rest: (() => void) | undefined
    const { events } = await listing((answer) => {
      const whole = listOf([slice('early'), slice('late')])
      const half = whole.indexOf('late')
      answer.write(whole.slice(0, half))
      rest = () => answer.end(whole.slice(half))
    })
    await events.find(isAbout('object', 'early'))
    expect(events.items.length).toBe(1)
    rest?.()
    expect(namesIn(await events.find(isListed))).toEqual(['shop/early', 'shop/late'])
  })

  test.each<[string, (answer: ServerResponse) => void, string]>([
    [
      'breaks off',
      (answer) => answer.end(listOf([slice('a')]).slice(0, -9)),
      'the list breaks off',
    ],
    [
      'is not well compressed',
      (answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end('{}'),
      'the answer is not well compressed',
    ],
    ['is another thing', (answer) => answer.end('{"kind":"Status"}'), 'no list: "{\\"kind\\":'],
    ['is no JSON', (answer) => answer.end('<html>'), 'no list: "<html>"'],
    [
      'has an item that is no JSON',
      (answer) => answer.end('{"items":[{"a":x}],"metadata":{"resourceVersion":"1"}}'),
      'no list: "{\\"a\\":x}"',
    ],
  ])('that %s is no list; the next one is', async (_, script, reason) => {
    const { events, states } = await listing(script)
    expect(await states.find(isLost)).toMatchObject({
      reason: expect.stringContaining(`list endpointslices: ${reason}`),
    })
    expect(namesIn(await events.find(isListed))).toEqual(['shop/a'])
  })

  test('with a part that is too large is refused in words', async () => {
    const { states } = await listing((answer) => {
      const large = gzipSync(listOf([{ ...slice('a'), x: 'x'.repeat(20 << 20) }]))
      answer.writeHead(200, { 'content-encoding': 'gzip' }).end(large)
    })
    expect(await states.find(isLost)).toMatchObject({
      reason: 'list endpointslices: one object has more than 16 MiB',
    })
    await states.find(isFollowing)
  })

  test('may have things without a name: they are passed over and told until there are none', async () => {
    const { events, garbage, states } = await listing((answer) =>
      answer.end(listOf([{}, slice('a')])),
    )
    expect(namesIn(await events.find(isListed))).toEqual(['shop/a'])
    await states.find(isFollowing)
    expect(garbage.items).toEqual(['an item of a list without a name: an object'])
  })
})

describe('a server that asks to be left alone', () => {
  const hour = 3_600_000
  const date = (after: number) => new Date(Date.UTC(2020, 1, 1) + after).toUTCString()
  test.each([
    ['9999', 60_000],
    ['7', 7_000],
    ['99999999999999999999', 60_000],
    [date(5_000), 5_000],
    [date(hour), 60_000],
  ])('with Retry-After: %s', async (retryAfter, retryMs) => {
    const api = await ScriptedApi.start((_, answer) => {
      answer.writeHead(429, { 'retry-after': retryAfter, date: date(0) }).end('later')
    })
    const { states } = follow(api.location(), 'services')
    expect(await states.find(isLost)).toMatchObject({ retryMs })
  })

  test.each(['-1', 'soon', date(-hour)])(
    'is asked again soon if it says %s',
    async (retryAfter) => {
      const api = await ScriptedApi.start((_, answer) => {
        answer.writeHead(429, { 'retry-after': retryAfter, date: date(0) }).end('later')
      })
      const { states } = follow(api.location(), 'services')
      expect(await states.find(isLost)).toMatchObject({ reason: 'list services: 429: "later"' })
      await api.requests.find(() => true, 1)
    },
  )
})
