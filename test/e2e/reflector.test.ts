import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient } from '../../src/watch/api/client.ts'
import type { ApiLocation } from '../../src/watch/api/credentials.ts'
import { followApiServer } from '../../src/watch/api-source.ts'
import { NodeInterest } from '../../src/watch/node-interest.ts'
import { NODE_RESOURCES } from '../../src/watch/resources.ts'
import type { SourceEvent } from '../../src/watch/source.ts'
import { Recorder } from '../support/recorder.ts'
import { ApiServer } from './support/apiserver.ts'
import { follow, isAbout, isFollowing, isListed, namesIn } from './support/follow.ts'
import { headless, otherProxy, service, services, slice, slices } from './support/objects.ts'
import { isStream, isWatch, type Meddling, Relay } from './support/relay.ts'

let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
}, 600_000)
afterAll(() => server?.stop())

function direct(user?: object): ApiLocation {
  return { kind: 'kubeconfig', file: server.kubeconfig(user) }
}

function through(relay: Relay): ApiLocation {
  return { kind: 'kubeconfig', file: server.kubeconfig(undefined, '127.0.0.1', relay.port) }
}

/** As a server answers whose cache is not as new as it should be. */
function notFromCache(url: URL): Meddling | undefined {
  const cached = !isWatch(url) && url.searchParams.has('resourceVersion')
  if (!cached || url.searchParams.has('fieldSelector')) return undefined
  return { instead: (answer) => answer.writeHead(504).end('{}') }
}

describe('a list', () => {
  const names = Array.from({ length: 1200 }, (_, i) => `page-${i}`)

  test('comes from the memory of the server, which asks etcd for nothing', async () => {
    const lists = async () => [
      await server.etcdLists('*[]core.Node'),
      await server.etcdLists('*[]unstructured.Unstructured'),
    ]
    const before = await lists()
    for (let start = 0; start < 3; start++) {
      await follow(direct(), 'nodes').states.find(isFollowing)
      await follow(direct(), 'endpointslices').states.find(isFollowing)
    }
    expect(await lists()).toEqual(before)
    // They are counted, where they are made.
    await server.admin.call('GET', '/api/v1/nodes')
    await server.admin.call('GET', slices)
    expect(await lists()).toEqual(before.map((count) => count + 1))
  })

  test('comes in pages where it is not in memory, and is told whole at its end', async () => {
    await server.admin.create(
      services,
      names.map((name) => service(name)),
    )
    const relay = await Relay.start(server)
    relay.meddle = notFromCache
    const { events } = follow(through(relay), 'services')
    const listed = await events.find(isListed)

    expect(namesIn(listed)).toEqual(expect.arrayContaining(names.map((name) => `default/${name}`)))
    const before = events.items.slice(0, events.items.indexOf(listed))
    expect(before.map(({ kind }) => kind)).toEqual(namesIn(listed).map(() => 'object'))
    // An old server does not know the field selector, and is asked without it.
    const [first, cached, ...pages] = relay.requests.items
      .filter((url) => !isWatch(url) && !isStream(url))
      .map((url) => url.searchParams)
    expect(first?.get('fieldSelector')).toBe('spec.clusterIP!=None')
    expect(cached?.get('resourceVersion')).toBe('0')
    expect(pages.map((page) => [page.get('limit'), page.has('continue')])).toEqual([
      ['500', false],
      ['500', true],
      ['500', true],
    ])
    expect(pages.filter((page) => page.has('fieldSelector'))).toEqual([])
  })

  test('begins again when the history between two of its pages is forgotten', async () => {
    const relay = await Relay.start(server)
    let forgotten = false
    relay.meddle = (url) => {
      if (forgotten || !url.searchParams.has('continue')) return notFromCache(url)
      forgotten = true
      const forget = async () => {
        await server.admin.call('DELETE', `${services}/page-7`)
        await server.compact()
      }
      return { before: forget }
    }
    const { events, states } = follow(through(relay), 'services')
    const listed = await events.find(isListed)

    expect(namesIn(listed)).toContain('default/page-8')
    expect(namesIn(listed)).not.toContain('default/page-7')
    const [, lost] = states.items
    expect(lost).toMatchObject({
      kind: 'lost',
      reason: expect.stringContaining('list services: 410'),
    })
  })

  test('is of what kube-proxy would ask for', async () => {
    await server.admin.create(services, [service('theirs', otherProxy)])
    await server.admin.create(slices, [
      slice('ours'),
      slice('headless', headless),
      slice('theirs', otherProxy),
    ])
    await server.admin.create('/api/v1/nodes', [
      { metadata: { name: 'node-a' } },
      { metadata: { name: 'node-b' } },
    ])
    const listed = async (resource: 'services' | 'endpointslices' | 'nodes') =>
      namesIn(await follow(direct(), resource).events.find(isListed))

    expect(await listed('services')).not.toContain('default/theirs')
    expect(await listed('endpointslices')).toEqual(['default/ours'])
    expect(await listed('nodes')).toEqual(['node-a'])
  })

  test('is of all Nodes for as long as others matter', async () => {
    const interest = new NodeInterest(false)
    const events = new Recorder<SourceEvent>()
    const client = new ApiClient(direct(), 'nodelb-test')
    const abort = new AbortController()
    const ignored = { state: () => undefined, problems: () => undefined }
    const source = followApiServer({ client, followed: NODE_RESOURCES, node: 'node-a', interest })
    const end = source({ event: events.add, ...ignored }, abort.signal)
    const nodes = async (from: number) => {
      const isList = (event: SourceEvent) => event.kind === 'listed' && event.resource === 'nodes'
      return namesIn(await events.find(isList, from))
    }

    expect(await nodes(0)).toEqual(['node-a'])
    for (const [all, names] of [
      [true, ['node-a', 'node-b']],
      [false, ['node-a']],
    ] as const) {
      const from = events.items.length
      expect(interest.follow(all)).toBe(all)
      expect(await nodes(from)).toEqual(names)
    }
    abort.abort()
    await end
    client.close()
  })
})

describe('a watch', () => {
  test('tells what is created, changed and deleted, in order', async () => {
    const { events, states } = follow(direct(), 'endpointslices')
    await states.find(isFollowing)
    const from = events.items.length
    await server.admin.call('POST', slices, slice('fresh'))
    await server.admin.call('POST', slices, slice('not-for-us', headless))
    await server.admin.call('PATCH', `${slices}/fresh`, { ports: [{ port: 1 }] })
    await server.admin.call('DELETE', `${slices}/fresh`)
    await events.find(({ kind }) => kind === 'deleted')

    expect(events.items.slice(from)).toMatchObject([
      { kind: 'object', object: { metadata: { name: 'fresh' } } },
      { kind: 'object', object: { metadata: { name: 'fresh' }, ports: [{ port: 1 }] } },
      { kind: 'deleted', resource: 'endpointslices', namespace: 'default', name: 'fresh' },
    ])
    expect(states.items.map(({ kind }) => kind)).toEqual(['listing', 'following'])
  })

  test('tells that an object is gone when it is none of ours any more', async () => {
    await server.admin.call('POST', slices, slice('turncoat'))
    const { events, states } = follow(direct(), 'endpointslices')
    await states.find(isFollowing)
    await server.admin.call('PATCH', `${slices}/turncoat`, { metadata: { labels: otherProxy } })
    await events.find(isAbout('deleted', 'turncoat'))
  })

  test('goes on after its end where the last bookmark stood', async () => {
    const relay = await Relay.start(server)
    // The server sends a bookmark 2 s before the end of a watch.
    const pace = { watch: 4_000, silence: 60_000 }
    const { events, states } = follow(through(relay), 'services', pace)
    await states.find(isFollowing)
    const told = events.items.length
    const hidden = await server.admin.call('POST', services, service('hidden', otherProxy))
    const { resourceVersion } = hidden.metadata

    await relay.requests.find((url) => url.searchParams.get('resourceVersion') === resourceVersion)
    expect(events.items.length).toBe(told)
    expect(states.items.map(({ kind }) => kind)).toEqual(['listing', 'following'])
  })

  test('ends when the server forgot its history, and the list that follows has what is left', async () => {
    await server.admin.create(slices, [slice('stays'), slice('goes')])
    const relay = await Relay.start(server)
    const { events, states } = follow(through(relay), 'endpointslices')
    await states.find(isFollowing)
    await events.find(isAbout('object', 'goes'))

    const changed = changeUnseen()
    relay.meddle = () => ({ before: () => changed })
    relay.cut()
    const from = events.items.length
    const listed = await events.find(isListed, from)

    expect(namesIn(listed)).toEqual(expect.arrayContaining(['default/comes', 'default/stays']))
    expect(namesIn(listed)).not.toContain('default/goes')
    const reasons = states.items.flatMap((state) => (state.kind === 'lost' ? state.reason : []))
    expect(reasons.at(-1)).toMatch(/^watch endpointslices: 410: /)
    await server.admin.call('POST', slices, slice('later'))
    await events.find(isAbout('object', 'later'), from)
  })

  /** Changes that no watch told, because the API server and its history went meanwhile. */
  async function changeUnseen(): Promise<void> {
    await server.admin.call('DELETE', `${slices}/goes`)
    await server.admin.call('POST', slices, slice('comes'))
    await server.kill()
    await server.compact()
    await server.resume()
  }
})
