import { expect, onTestFinished, test } from 'vitest'
import type { Answer } from '../../src/watch/api/answer.ts'
import { NamedSecrets } from '../../src/watch/named-secrets.ts'
import type { SourceEvent } from '../../src/watch/source.ts'
import { Recorder } from '../support/recorder.ts'

function answered(status: number, body: object | string = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'answered', status, text, retryAfterMs: undefined }
}

const there = (name: string): Answer => answered(200, { metadata: { namespace: 'lb', name } })

/** Reads Secrets that are answered as told, by name, until the test is over. */
function reading(answers: Record<string, Answer>) {
  const events = new Recorder<SourceEvent>()
  const troubles = new Recorder<string | undefined>()
  const asked = new Recorder<string>()
  const secrets = new NamedSecrets({
    client: {
      fetch: async ({ path }) => {
        asked.add(path)
        return answers[path.split('/').at(-1) ?? ''] ?? answered(404)
      },
    },
    sink: events.add,
    trouble: troubles.add,
  })
  const stop = new AbortController()
  const ended = secrets.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await ended
  })
  const listed = async (after = 0): Promise<readonly string[]> => {
    const found = await events.find(({ kind }) => kind === 'listed', after)
    return found.kind === 'listed' ? [...found.names] : []
  }
  return { secrets, events, troubles, asked, listed, stop, ended }
}

test('each Secret that is named is read by itself, and one that is not there is none', async () => {
  const { secrets, asked, listed, troubles, events } = reading({ one: there('one') })
  secrets.want(['lb/one', 'lb/none'])
  expect(await listed()).toEqual(['lb/one'])
  expect(asked.items).toEqual(
    ['one', 'none'].map((name) => `/api/v1/namespaces/lb/secrets/${name}`),
  )
  expect(troubles.items).toEqual([undefined])
  expect(events.items[0]).toMatchObject({ kind: 'object', object: { metadata: { name: 'one' } } })
})

test('one that is named no more is forgotten, and the same names are not read again', async () => {
  const { secrets, listed, events, asked } = reading({ one: there('one'), two: there('two') })
  secrets.want(['lb/one', 'lb/two'])
  expect(await listed()).toEqual(['lb/one', 'lb/two'])
  secrets.want(['lb/one', 'lb/two'])
  const before = events.items.length
  secrets.want(['lb/two'])
  expect(await listed(before)).toEqual(['lb/two'])
  expect(asked.items).toHaveLength(3)
})

test('one that may not be read is told, and the others count', async () => {
  const forbidden = answered(403, { message: 'forbidden' })
  const { secrets, listed, troubles } = reading({ one: there('one'), two: forbidden })
  secrets.want(['lb/one', 'lb/two'])
  expect(await listed()).toEqual(['lb/one'])
  expect(await troubles.find(() => true)).toBe(
    'Secret lb/two: the API server answers 403: {"message":"forbidden"}',
  )
})

test.each<[string, Answer, string]>([
  ['that is too busy', answered(429, 'later'), 'the API server answers 429: later'],
  ['that is gone', { kind: 'broken', reason: 'socket hang up' }, 'socket hang up'],
])('a server %s says nothing about who is there', async (_, answer, reason) => {
  const { secrets, troubles, events } = reading({ one: there('one'), two: answer })
  secrets.want(['lb/one', 'lb/two'])
  expect(await troubles.find(() => true)).toBe(`Secret lb/two: ${reason}`)
  expect(events.items.map(({ kind }) => kind)).toEqual(['object'])
})

test.each(['<html>', '{}'])(
  'what a Secret says is not repeated where it is none: %s',
  async (text) => {
    const { secrets, troubles, listed } = reading({ one: answered(200, text) })
    secrets.want(['lb/one'])
    expect(await troubles.find(() => true)).toBe(
      'Secret lb/one: the API server answers what is no object',
    )
    expect(await listed()).toEqual([])
  },
)

test('what is forgotten is read again when it is named again', async () => {
  const { secrets, listed, asked, events } = reading({ one: there('one') })
  secrets.want(['lb/one'])
  await listed()
  secrets.forget()
  const before = events.items.length
  secrets.want(['lb/one'])
  await listed(before)
  expect(asked.items).toHaveLength(2)
})

test('nothing is told after the end', async () => {
  const { secrets, events, asked, stop, ended } = reading({ one: there('one') })
  secrets.want(['lb/one', 'lb/two'])
  await asked.find(() => true)
  stop.abort()
  await ended
  expect(events.items.map(({ kind }) => kind)).not.toContain('listed')
  expect(asked.items).toHaveLength(1)
})
