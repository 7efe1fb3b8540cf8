import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LeaseSpec, leaseApi } from '../../src/controller/lease-api.ts'
import { ApiClient } from '../../src/watch/api/client.ts'
import { ModelApi } from '../support/model-api.ts'
import { ScriptedApi } from '../support/scripted-api.ts'

const never = new AbortController().signal
const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const spec: LeaseSpec = {
  ...{ holder: 'a', seconds: 15, transitions: 0, acquired: '2026-01-01T00:00:00.000000Z' },
  renewed: '2026-01-01T00:00:00.000000Z',
}

let api: ModelApi
let client: ApiClient
beforeEach(async () => {
  api = await ModelApi.open()
  client = new ApiClient(api.location(), 'nodelb-test')
})
afterEach(async () => {
  client.close()
  await api.close()
})

test('a Lease is made once, and written only by who has read its newest version', async () => {
  const lease = leaseApi(client, 'kube-system', 'it')
  expect(await lease.read(never)).toEqual({ kind: 'absent' })
  const made = await lease.create(spec, never)
  const version = api.get(`${path}/it`).metadata.resourceVersion
  expect(made).toEqual({ kind: 'lease', lease: { version, holder: 'a', transitions: 0 } })
  expect(await lease.create({ ...spec, holder: 'b' }, never)).toEqual({ kind: 'conflict' })
  const taken = { ...spec, holder: 'b', transitions: 1, acquired: undefined }
  expect(await lease.write(version, taken, never)).toMatchObject({
    kind: 'lease',
    lease: { holder: 'b', transitions: 1 },
  })
  expect(api.get(`${path}/it`).spec.acquireTime).toBe(spec.acquired)
  expect(await lease.write(version, spec, never)).toEqual({ kind: 'conflict' })
})

test('a Lease without a holder is free', async () => {
  api.call('POST', path, { metadata: { name: 'it' }, spec: {} })
  expect(await leaseApi(client, 'kube-system', 'it').read(never)).toMatchObject({
    lease: { holder: '', transitions: 0 },
  })
})

test('a refusal and a server that is gone are told', async () => {
  const lease = leaseApi(client, 'kube-system', 'it')
  api.refuses = () => 403
  expect(await lease.read(never)).toEqual({ kind: 'failed', reason: 'the API server answers 403' })
  api.down()
  expect(await lease.read(never)).toMatchObject({ kind: 'failed', reason: expect.any(String) })
})

test.each(['<html>', '{}'])('an answer %s is no Lease', async (text) => {
  const scripted = await ScriptedApi.start((_, answer) => answer.end(text))
  const other = new ApiClient(scripted.location(), 'nodelb-test')
  expect(await leaseApi(other, 'kube-system', 'it').read(never)).toEqual({
    kind: 'failed',
    reason: 'the API server answers 200',
  })
  other.close()
})
