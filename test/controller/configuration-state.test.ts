import { expect, test } from 'vitest'
import { ConfigurationState, wrongPools } from '../../src/controller/configuration-state.ts'
import type { ControllerNews } from '../../src/controller/news.ts'
import type { Answer } from '../../src/watch/api/answer.ts'

const LIST = '/apis/metallb.io/v1beta1/namespaces/kube-system/configurationstates'
const OBJECT = `${LIST}/controller`

/** A cluster with or without the kind; `status` is that of the object, if there is one. */
interface World {
  hasKind: boolean
  status: object | undefined
  isAway: boolean
}

function started(world: World, leadsFor = () => 10_000) {
  const calls: string[] = []
  const told: ControllerNews[] = []
  const answer = (status: number, body: object = {}): Answer => {
    return { kind: 'answered', status, text: JSON.stringify(body), retryAfterMs: undefined }
  }
  const fetch = async (call: {
    method?: string
    path: string
    body?: unknown
  }): Promise<Answer> => {
    const { method = 'GET', path } = call
    calls.push(`${method} ${path}`)
    if (world.isAway) return { kind: 'broken', reason: 'refused' }
    if (!world.hasKind) return answer(404)
    if (method === 'POST') {
      world.status = {}
      return answer(201)
    }
    if (world.status === undefined) return answer(404)
    if (method === 'PATCH') {
      const { status } = call.body as { status: object }
      // An empty text is what some API servers take for null, and refuse.
      expect(JSON.stringify(status)).not.toContain('""')
      Object.assign(world.status, status)
    }
    return answer(200, { status: world.status })
  }
  const state = new ConfigurationState({
    client: { fetch: fetch as never },
    ...{ leadsFor, namespace: 'kube-system' },
    tell: (news) => told.push(news),
  })
  const write = (...messages: readonly string[]) =>
    state.write(messages, new AbortController().signal)
  return { write, told, take: () => calls.splice(0), forget: () => state.forget() }
}

test('it is made where there is none, and written where it differs only', async () => {
  const world: World = { hasKind: true, status: undefined, isAway: false }
  const { write, take } = started(world)
  expect(await write()).toBe('settled')
  expect(take()).toEqual([`GET ${OBJECT}`, `POST ${LIST}`, `PATCH ${OBJECT}/status`])
  expect(world.status).toMatchObject({
    ...{ result: 'Valid', errorSummary: null },
    conditions: [{ type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled' }],
  })
  await write()
  expect(take()).toEqual([])
  await write('b overlaps', 'a overlaps')
  expect(world.status).toMatchObject({
    ...{ result: 'Invalid', errorSummary: 'a overlaps\nb overlaps' },
    conditions: [{ status: 'False', reason: 'ConfigurationError' }],
  })
})

test('another replica that leads afterwards reads it, and writes nothing where it is right', async () => {
  const status = { result: 'Invalid', errorSummary: 'a overlaps' }
  const { write, take } = started({ hasKind: true, status, isAway: false })
  expect(await write('a overlaps')).toBe('settled')
  expect(take()).toEqual([`GET ${OBJECT}`])
})

test('an empty text that another controller wrote where all is well is right', async () => {
  const status = { result: 'Valid', errorSummary: '' }
  const { write, take } = started({ hasKind: true, status, isAway: false })
  await write()
  expect(take()).toEqual([`GET ${OBJECT}`])
})

test('a replica that leads again reads what another one wrote meanwhile', async () => {
  const world: World = { hasKind: true, status: {}, isAway: false }
  const { write, forget } = started(world)
  await write('a overlaps')
  world.status = { result: 'Valid' }
  forget()
  await write('a overlaps')
  expect(world.status).toMatchObject({ result: 'Invalid', errorSummary: 'a overlaps' })
})

test('where the kind is missing nothing is written, and it is asked for at the next change', async () => {
  const { write, take, told } = started({ hasKind: false, status: undefined, isAway: false })
  expect(await write()).toBe('settled')
  await write()
  expect(take()).toEqual([`GET ${OBJECT}`, `POST ${LIST}`])
  await write('a overlaps')
  expect(take()).toEqual([`GET ${OBJECT}`, `POST ${LIST}`])
  expect(told).toEqual([])
})

test('what fails is told, and written when the API server is back', async () => {
  const world: World = { hasKind: true, status: {}, isAway: true }
  const { write, told } = started(world)
  expect(await write()).toBe('failed')
  expect(told).toEqual([{ event: 'configuration-state-not-written', reason: 'refused' }])
  world.isAway = false
  expect(await write()).toBe('settled')
  expect(world.status).toMatchObject({ result: 'Valid' })
})

test('what an answer that was lost has written is read again, not guessed', async () => {
  const world: World = { hasKind: true, status: {}, isAway: false }
  const { write } = started(world)
  await write()
  world.isAway = true
  expect(await write('a overlaps')).toBe('failed')
  // It was written all the same, and then the pool is mended.
  world.status = { result: 'Invalid', errorSummary: 'a overlaps' }
  world.isAway = false
  expect(await write()).toBe('settled')
  expect(world.status).toMatchObject({ result: 'Valid' })
})

test('a replica that does not lead asks nothing and writes nothing', async () => {
  const { write, take } = started({ hasKind: true, status: {}, isAway: false }, () => 0)
  expect(await write()).toBe('not-leading')
  expect(take()).toEqual([])
})

test('what is wrong with pools is what could not be read and what was decided, not how full they are', () => {
  const unread = new Map([
    ['IPAddressPool metallb-system/lan', 'IPAddressPool metallb-system/lan: spec: what'],
    ['ConfigMap metallb-system/config', 'ConfigMap metallb-system/config: data: what'],
    ['Service shop/web', 'Service shop/web: spec: what'],
  ])
  const problems = [
    { object: 'IPAddressPool/wan', message: 'It overlaps' },
    { object: 'IPAddressPool/wan', message: '9 of 10 are in use', isUsage: true as const },
    { object: 'Service/shop/web', message: 'The Service keeps what it has' },
  ]
  expect(wrongPools(unread, { problems })).toEqual([
    'IPAddressPool metallb-system/lan: spec: what',
    'ConfigMap metallb-system/config: data: what',
    'IPAddressPool/wan: It overlaps',
  ])
})
