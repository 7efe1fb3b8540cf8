import { Transform } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiLocation } from '../../src/watch/api/credentials.ts'
import { allow } from './support/allow.ts'
import { ApiServer } from './support/apiserver.ts'
import { follow, isAbout, isFollowing, isListed, isLost, namesIn } from './support/follow.ts'
import { slice, slices } from './support/objects.ts'
import { isWatch, onFirstWatch, Relay } from './support/relay.ts'

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

describe('an API server', () => {
  test('that is away is told once, and followed again', async () => {
    const relay = await Relay.start(server)
    const { events, states } = follow(through(relay), 'endpointslices')
    await states.find(isFollowing)

    await server.kill()
    await relay.requests.find(isWatch, relay.requests.items.length + 2)
    const lost = states.items.filter(({ kind }) => kind === 'lost')
    // The server may be followed before it says that it is ready.
    const away = states.items.length
    await server.resume()
    await states.find(isFollowing, away)

    // What was broken, and what was refused then, however often it was tried.
    expect(lost).toMatchObject([
      { reason: 'watch endpointslices: the connection broke' },
      { reason: expect.stringContaining('hang up') },
    ])
    await server.admin.call('POST', slices, slice('after'))
    await events.find(isAbout('object', 'after'))
  })

  test('that forbids it is told who may not do what, and asked again', async () => {
    const token = await server.serviceAccountToken('kube-system', 'stranger')
    const { events, states } = follow(direct({ token }), 'services')
    const [listing, forbidden] = [await states.find(() => true), await states.find(isLost)]
    expect(listing).toEqual({ kind: 'listing' })
    expect(forbidden).toMatchObject({
      reason:
        'list services: 403: services is forbidden: ' +
        'User "system:serviceaccount:kube-system:stranger" cannot list resource "services" ' +
        'in API group "" at the cluster scope',
    })
    await allow(server, 'stranger', ['list'])
    await events.find(isListed)
    const unwatched = await states.find(isLost, states.items.indexOf(forbidden) + 1)
    expect(unwatched).toMatchObject({
      reason: expect.stringMatching(/^watch services: 403: .* cannot watch resource "services"/),
    })
    await allow(server, 'stranger', ['list', 'watch'])
    await states.find(isFollowing)
    expect(events.items.filter(isListed).length).toBe(1)
  })

  test('that is busy is left alone for as long as it says', async () => {
    const relay = await Relay.start(server)
    let busy = true
    relay.meddle = () => {
      if (!busy) return undefined
      busy = false
      return { instead: (answer) => answer.writeHead(429, { 'retry-after': '2' }).end('later') }
    }
    const { states } = follow(through(relay), 'nodes')
    const lost = await states.find(isLost)
    expect(lost).toMatchObject({ reason: 'list nodes: 429: "later"', retryMs: 2000 })
    await states.find(isFollowing)
  })
})

describe('a connection', () => {
  test('that breaks within a line loses nothing', async () => {
    const relay = await Relay.start(server)
    relay.meddle = onFirstWatch(() => {
      let left = 100
      return new Transform({
        transform(chunk: Buffer, _, passOn) {
          if (chunk.length >= left) return passOn(new Error('cut'))
          left -= chunk.length
          passOn(null, chunk)
        },
      })
    })
    const { events, states } = follow(through(relay), 'endpointslices')
    await states.find(isFollowing)
    await server.admin.call('POST', slices, slice('cut'))
    await events.find(isAbout('object', 'cut'))
    expect(states.items.map(({ kind }) => kind)).toContain('lost')
    expect(events.items.filter(isListed).length).toBe(1)
  })

  test('on which nothing comes any more is given up for another', async () => {
    const relay = await Relay.start(server)
    // Not even the end gets through.
    relay.meddle = onFirstWatch(
      () => new Transform({ transform: (_, __, passOn) => passOn(), flush: () => {} }),
    )
    const pace = { watch: 60_000, silence: 1_000 }
    const { events, states } = follow(through(relay), 'endpointslices', pace)
    await states.find(isFollowing)
    await server.admin.call('POST', slices, slice('unheard'))
    await events.find(isAbout('object', 'unheard'))
    const lost = await states.find(isLost)
    expect(lost).toMatchObject({ reason: expect.stringContaining('nothing was heard for ') })
    expect(events.items.filter(isListed).length).toBe(1)
  })

  test('that brings one byte at a time brings text whole', async () => {
    const relay = await Relay.start(server)
    relay.meddle = onFirstWatch(
      () =>
        new Transform({
          transform(chunk: Buffer, _, passOn) {
            for (let at = 0; at < chunk.length; at++) this.push(chunk.subarray(at, at + 1))
            passOn()
          },
        }),
    )
    const { events, states } = follow(through(relay), 'endpointslices')
    await states.find(isFollowing)
    const note = 'Grüße, 世界 🌍'.repeat(50)
    const object = { ...slice('bytes'), note }
    await server.admin.call('POST', slices, object)
    expect(await events.find(isAbout('object', 'bytes'))).toMatchObject({ object: { note } })
    expect(states.items.filter(isLost)).toEqual([])
  })

  test('that brings garbage is ended; a list makes good for it', async () => {
    const relay = await Relay.start(server)
    relay.meddle = onFirstWatch(() => {
      let begun = false
      return new Transform({
        transform(chunk: Buffer, _, passOn) {
          // In place of the first event: what it told must come some other way.
          passOn(null, begun ? chunk : 'rubbish\n')
          begun = true
        },
      })
    })
    const { events, states } = follow(through(relay), 'endpointslices')
    await states.find(isFollowing)
    await server.admin.call('POST', slices, slice('garbled'))
    const made = await events.find(isAbout('object', 'garbled'))
    expect(namesIn(await events.find(isListed, events.items.indexOf(made)))).toContain(
      'default/garbled',
    )
    expect(await states.find(isLost)).toMatchObject({
      reason: 'watch endpointslices: no event: "rubbish\\n"',
    })
  })
})
