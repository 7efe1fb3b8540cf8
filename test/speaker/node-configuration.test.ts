import { expect, onTestFinished, test } from 'vitest'
import { NodeConfiguration } from '../../src/speaker/node-configuration.ts'
import type { Answer } from '../../src/watch/api/answer.ts'
import type { ApiClient } from '../../src/watch/api/client.ts'
import { Recorder } from '../support/recorder.ts'

const LIST = '/apis/metallb.io/v1beta1/namespaces/kube-system/configurationstates'
const OBJECT = `${LIST}/speaker-n1`
const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'nodelb-x', uid: 'uid-1' }
const LABELS = { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': 'n1' }

type Call = Parameters<ApiClient['fetch']>[0]

interface Kept {
  readonly metadata: object
  readonly status?: object
}

interface World {
  object?: Kept | undefined
  hasKind?: boolean
  /** Answers in place of the API server. */
  instead?: Answer | undefined
}

function answer(status: number, body: object = {}): Answer {
  return { kind: 'answered', status, text: JSON.stringify(body), retryAfterMs: undefined }
}

function answered(world: World, { method, body }: Call): Answer {
  if (world.instead !== undefined) return world.instead
  if (world.hasKind === false) return answer(404)
  if (method === 'POST') {
    world.object = body as Kept
    return answer(201)
  }
  if (world.object === undefined) return answer(404)
  if (method === 'PATCH') world.object = { ...world.object, ...(body as object) }
  return answer(200, world.object)
}

/** Runs with a kept object until the test is over. */
function begin(world: World = {}, node = 'n1') {
  const calls = new Recorder<string>()
  const told = new Recorder<{ readonly reason: string | undefined }>()
  const fetch = async (call: Call): Promise<Answer> => {
    const answer = answered(world, call)
    calls.add(`${call.method ?? 'GET'} ${call.path}`)
    return answer
  }
  const state = new NodeConfiguration({
    ...{
      client: { fetch },
      namespace: 'kube-system',
      node,
      pod: { name: 'nodelb-x', uid: 'uid-1' },
    },
    tell: (reason) => told.add({ reason }),
  })
  const abort = new AbortController()
  const ended = state.run(abort.signal)
  onTestFinished(async () => {
    abort.abort()
    await ended
  })
  return { state, calls, told, world }
}

const tor = { object: 'BGPPeer/tor', message: 'The address is none' }
const isPatch = (call: string): boolean => call.startsWith('PATCH')

test('it is made with its labels and its owner, and says what is wrong until that is mended', async () => {
  const { state, calls, world, told } = begin()
  state.follow(['bgp'])
  state.judge('bgp', [tor, tor, { object: 'Service/shop/web', message: 'no peer' }])
  await calls.find(isPatch)
  expect(calls.items).toEqual([`GET ${OBJECT}`, `POST ${LIST}`, `PATCH ${OBJECT}/status`])
  expect(world.object).toMatchObject({
    metadata: { name: 'speaker-n1', labels: LABELS, ownerReferences: [OWNER] },
    status: {
      ...{ result: 'Invalid', errorSummary: 'BGPPeer/tor: The address is none' },
      conditions: [
        { type: 'configReconcilerValid', status: 'False', reason: 'ConfigurationError' },
      ],
    },
  })
  const before = calls.items.length
  state.judge('bgp', [])
  await calls.find(isPatch, before)
  expect(world.object).toMatchObject({
    status: { result: 'Valid', conditions: [{ status: 'True', reason: 'Reconciled' }] },
  })
  expect(told.items).toEqual([])
})

test('what is right already is not written, and one that is looked at anew is no reason to ask', async () => {
  const object = { metadata: { ownerReferences: [OWNER] }, status: { result: 'Valid' } }
  const { state, calls } = begin({ object })
  state.follow(['layer2'])
  state.judge('layer2', [])
  await calls.find(() => true)
  state.judge('layer2', [{ object: 'Service/shop/web', message: 'no advertisement' }])
  state.judge('layer2', [tor])
  await calls.find(isPatch)
  expect(calls.items).toEqual([`GET ${OBJECT}`, `GET ${OBJECT}`, `PATCH ${OBJECT}/status`])
})

test('nothing is said before each way of announcing has read the objects, or is turned off', async () => {
  const { state, calls, world } = begin()
  const home = { object: 'L2Advertisement/home', message: 'The pool is missing' }
  state.follow(['layer2', 'bgp'])
  state.judge('layer2', [home])
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.items).toEqual([])
  state.judge('bgp', [tor])
  await calls.find(isPatch)
  const errorSummary = 'BGPPeer/tor: The address is none\nL2Advertisement/home: The pool is missing'
  expect(world.object).toMatchObject({ status: { errorSummary } })
  const before = calls.items.length
  state.follow(['layer2'])
  // It is too late for what BGP says.
  state.judge('bgp', [])
  await calls.find(isPatch, before)
  expect(world.object).toMatchObject({
    status: { errorSummary: 'L2Advertisement/home: The pool is missing' },
  })
})

test('one that goes with the Pod before this one is made again when it is gone', async () => {
  const object = {
    metadata: { ownerReferences: [{ ...OWNER, uid: 'uid-0' }] },
    status: { result: 'Valid' },
  }
  const { state, calls, world } = begin({ object })
  state.follow(['bgp'])
  state.judge('bgp', [])
  await calls.find(() => true)
  world.object = undefined
  await calls.find(isPatch)
  expect(world.object).toMatchObject({
    ...{ metadata: { ownerReferences: [OWNER] }, status: { result: 'Valid' } },
  })
})

test('a write that fails is told and tried again', async () => {
  const { state, calls, told, world } = begin({ instead: answer(403) })
  state.follow(['bgp'])
  state.judge('bgp', [tor])
  expect(await told.find(() => true)).toEqual({ reason: 'the API server answers 403: {}' })
  world.instead = undefined
  await calls.find(isPatch)
  expect(await told.find(() => true, 1)).toEqual({ reason: undefined })
  expect(world.object).toMatchObject({ status: { result: 'Invalid' } })
})

test('where the kind is missing nothing is written and nothing is told', async () => {
  const { state, calls, told } = begin({ hasKind: false })
  state.follow(['bgp'])
  state.judge('bgp', [])
  await calls.find((call) => call.startsWith('POST'))
  state.judge('bgp', [tor])
  await calls.find((call) => call.startsWith('POST'), 2)
  expect(calls.items.filter(isPatch)).toEqual([])
  expect(told.items).toEqual([])
})

test('a node that announces no more leaves what another program writes, until it announces again', async () => {
  const { state, calls, world } = begin()
  state.follow(['bgp'])
  state.judge('bgp', [tor])
  state.follow([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.items).toEqual([])
  world.object = { metadata: {}, status: { result: 'Unknown' } }
  state.follow(['bgp'])
  state.judge('bgp', [tor])
  await calls.find(isPatch)
  expect(calls.items).toEqual([`GET ${OBJECT}`, `PATCH ${OBJECT}/status`])
  expect(world.object).toMatchObject({ status: { result: 'Invalid' } })
})

test('a name that is longer than a label can be is none', async () => {
  const node = `${'n'.repeat(60)}.example`
  const { state, calls, world } = begin({}, node)
  state.follow(['bgp'])
  state.judge('bgp', [])
  await calls.find(isPatch)
  const labels = { 'metallb.io/component-type': 'speaker' }
  expect(world.object?.metadata).toEqual({
    ...{ name: `speaker-${node}`, labels, ownerReferences: [OWNER] },
  })
})
