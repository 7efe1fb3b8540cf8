import { expect, test } from 'vitest'
import { type Written, writeStatuses } from '../../src/controller/status-writer.ts'

const writes = Array.from({ length: 30 }, (_, i) => ({ service: `shop/web-${i}`, patch: {} }))

/** Writes with an API server that takes everything; goes on for so many writes. */
async function writeUpTo(most: number, leadsFor = 10_000) {
  const paths: string[] = []
  const done: Written['kind'][] = []
  const client = {
    async fetch({ path }: { path: string }) {
      paths.push(path)
      return { kind: 'answered', status: 200, text: '{}', retryAfterMs: undefined } as const
    },
  }
  let asked = 0
  const isFinished = await writeStatuses(
    writes,
    {
      client,
      leadsFor: () => leadsFor,
      goOn: () => asked++ < most,
      done: (_, { kind }) => done.push(kind),
    },
    new AbortController().signal,
  )
  return { isFinished, paths, done }
}

test('each status is written once', async () => {
  const { isFinished, paths, done } = await writeUpTo(1_000)
  expect(isFinished).toBe(true)
  expect(paths.sort()).toEqual(
    writes.map((_, i) => `/api/v1/namespaces/shop/services/web-${i}/status`).sort(),
  )
  expect(done).toEqual(writes.map(() => 'written'))
})

test('what is left when it is time to decide anew is not written', async () => {
  const { isFinished, paths } = await writeUpTo(11)
  expect(isFinished).toBe(false)
  expect(paths).toHaveLength(11)
})

test('a replica that does not lead writes nothing', async () => {
  const { paths, done } = await writeUpTo(1_000, 0)
  expect(paths).toEqual([])
  expect(new Set(done)).toEqual(new Set(['not-leading']))
})
