import { afterEach, beforeEach, expect, test } from 'vitest'
import { follow, isAbout, isFollowing, isListed, isLost, namesIn } from '../e2e/support/follow.ts'
import { ModelApi } from '../support/model-api.ts'
import { listOf, ScriptedApi } from '../support/scripted-api.ts'

const pools = '/apis/metallb.io/v1beta1/namespaces/shop/ipaddresspools'
const pool = (name: string): object => ({ metadata: { name }, spec: { addresses: [] } })

let api: ModelApi
beforeEach(async () => {
  api = await ModelApi.open()
})
afterEach(() => api.close())

test('a kind that the cluster lacks has no objects, and once there were some its loss takes none away', async () => {
  api.missing.add('ipaddresspools')
  const { events, states } = follow(api.location(), 'ipaddresspools')
  expect(namesIn(await events.find(isListed))).toEqual([])
  expect(await states.find(isLost)).toMatchObject({
    reason: 'list ipaddresspools: 404: the server could not find the requested resource',
  })
  api.missing.clear()
  api.call('POST', pools, pool('a'))
  await events.find(isAbout('object', 'a'))
  await states.find(isFollowing)
  const [told, before] = [events.items.length, states.items.length]
  api.missing.add('ipaddresspools')
  api.compact()
  api.endWatches()
  await states.find((state) => isLost(state) && /404/.test(JSON.stringify(state)), before)
  expect(events.items.slice(told)).toEqual([])
})

test('a list in pages that is forgotten half-way is begun anew', async () => {
  api.streams = false
  for (let at = 0; at < 501; at++) api.call('POST', pools, pool(`p${at}`))
  let pages = 0
  api.refuses = ({ path }) => {
    if (path.endsWith('ipaddresspools') && ++pages === 2) api.compact()
    return undefined
  }
  const { events, states } = follow(api.location(), 'ipaddresspools')
  expect(namesIn(await events.find(isListed))).toHaveLength(501)
  await states.find(isFollowing)
  expect(api.refused).toEqual([410])
  expect(states.items.filter(isLost)).toEqual([])
})

test('a change that was heard of is never lost with its watch', async () => {
  const { events, states } = follow(api.location(), 'ipaddresspools')
  await states.find(isFollowing)
  api.call('POST', pools, pool('a'))
  await events.find(isAbout('object', 'a'))
  api.endWatches()
  api.call('POST', pools, pool('b'))
  api.call('DELETE', `${pools}/a`)
  await events.find(isAbout('object', 'b'))
  await events.find(isAbout('deleted', 'a'))
  expect(events.items.filter(isListed)).toHaveLength(1)
})

test('a server that cannot select a field is asked without it', async () => {
  const asked: (string | null)[] = []
  const old = await ScriptedApi.start((url, answer) => {
    asked.push(url.searchParams.get('fieldSelector'))
    if (url.searchParams.has('fieldSelector'))
      answer.writeHead(400).end('field label not supported')
    else if (url.searchParams.has('watch')) answer.flushHeaders()
    else answer.end(listOf([]))
  })
  const { states } = follow(old.location(), 'services')
  await states.find(isFollowing)
  expect(asked.slice(0, 2)).toEqual(['spec.clusterIP!=None', null])
  expect(states.items.filter(isLost)).toEqual([])
})
