import { expect, test } from 'vitest'
import { follow, isAbout, isFollowing, isListed, isLost, namesIn } from '../e2e/support/follow.ts'
import { added, isStream, isWatch, listOf, ScriptedApi, slice } from '../support/scripted-api.ts'

/** The query of a request without what selects the objects. */
function queryOf(url: URL): object {
  const { labelSelector, timeoutSeconds, ...query } = Object.fromEntries(url.searchParams)
  return query
}

const watched = { watch: 'true', allowWatchBookmarks: 'true' }
const expired = JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })

function bookmark(resourceVersion: string, annotations?: object): string {
  return JSON.stringify({
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion, annotations } },
  })
}
const allTold = (version: string) => bookmark(version, { 'k8s.io/initial-events-end': 'true' })

test('a list comes from the cache, after 410 no older than what is known, and at last from etcd', async () => {
  let watches = 0
  const api = await ScriptedApi.start((url, answer) => {
    const { resourceVersion, continue: next } = Object.fromEntries(url.searchParams)
    if (isWatch(url)) {
      answer.flushHeaders()
      if (watches++ === 0) answer.write(`${bookmark('150')}${expired}`)
    } else if (resourceVersion === '0') answer.end(listOf([slice('a')]))
    else if (resourceVersion !== undefined) {
      answer.writeHead(504).end('{"message":"Too large resource version: 150, current: 90"}')
    } else if (next === undefined) {
      const metadata = { resourceVersion: '90', continue: 'page-2' }
      answer.end(JSON.stringify({ metadata, items: [slice('b', '80')] }))
    } else answer.end(listOf([slice('c', '81')], '90'))
  })
  const { events, states } = follow(api.location(), 'endpointslices')
  const first = await events.find(isListed)
  const second = await events.find(isListed, events.items.indexOf(first) + 1)
  expect(namesIn(second)).toEqual(['shop/b', 'shop/c'])
  await api.requests.find(isWatch, 5)
  expect(api.requests.items.map(queryOf)).toEqual([
    { resourceVersion: '0', limit: '500' },
    { ...watched, resourceVersion: '100' },
    { resourceVersion: '150', resourceVersionMatch: 'NotOlderThan' },
    { limit: '500' },
    { limit: '500', continue: 'page-2' },
    // etcd was put back to an older state, from which it goes on.
    { ...watched, resourceVersion: '90' },
  ])
  expect(states.items.filter(isLost)).toMatchObject([{ reason: expect.stringContaining('410') }])
})

test('a server without a cache, which gives version 0 in pages, is asked for pages', async () => {
  let watches = 0
  const api = await ScriptedApi.start((url, answer) => {
    if (isWatch(url)) {
      answer.flushHeaders()
      if (watches++ === 0) answer.write(expired)
    } else if (url.searchParams.has('continue')) answer.end(listOf([slice('b')]))
    else {
      const metadata = { resourceVersion: '100', continue: 'page-2' }
      answer.end(JSON.stringify({ metadata, items: [slice('a')] }))
    }
  })
  follow(api.location(), 'endpointslices')
  await api.requests.find(isWatch, 3)
  expect(api.requests.items.map(queryOf)).toEqual([
    { resourceVersion: '0', limit: '500' },
    { limit: '500', continue: 'page-2' },
    { ...watched, resourceVersion: '100' },
    { limit: '500' },
    { limit: '500', continue: 'page-2' },
    { ...watched, resourceVersion: '100' },
  ])
})

test('a watch that begins with all objects is list and watch in one', async () => {
  let streams = 0
  const api = await ScriptedApi.start((_, answer) => {
    answer.flushHeaders()
    if (streams++ > 0) return void answer.write(`${added('b')}${allTold('201')}`)
    answer.write(`${added('a', '7')}${added('b', '5')}${bookmark('60')}`)
    answer.write(`${allTold('100')}${added('c', '101')}${expired}`)
  })
  api.streams = true
  const { events, states } = follow(api.location(), 'endpointslices')
  const first = await events.find(isListed)
  expect(namesIn(first)).toEqual(['shop/a', 'shop/b'])
  expect(events.items.indexOf(first)).toBe(2)
  await events.find(isAbout('object', 'c'))
  const second = await events.find(isListed, 4)
  expect(namesIn(second)).toEqual(['shop/b'])
  await states.find(isFollowing, 2)
  expect(states.items.map(({ kind }) => kind)).toEqual([
    'listing',
    'following',
    'lost',
    'following',
  ])
  const all = { ...watched, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
  expect(api.requests.items.map(queryOf)).toEqual([
    { ...all, resourceVersion: '' },
    { ...all, resourceVersion: '101' },
  ])
})

test('a watch that was to begin with all objects, and does not say so, is left for lists', async () => {
  const api = await ScriptedApi.start((url, answer) => {
    if (isStream(url)) answer.end(added('a'))
    else if (isWatch(url)) answer.flushHeaders()
    else answer.end(listOf([slice('b')]))
  })
  api.streams = true
  const { events, states } = follow(api.location(), 'endpointslices')
  expect(namesIn(await events.find(isListed))).toEqual(['shop/b'])
  await states.find(isFollowing)
  expect(api.requests.items.filter(isStream).length).toBe(1)
})
