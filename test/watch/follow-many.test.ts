import { afterEach, expect, onTestFinished, test } from 'vitest'
import { ApiClient } from '../../src/watch/api/client.ts'
import { followApiServer } from '../../src/watch/api-source.ts'
import { NodeInterest } from '../../src/watch/node-interest.ts'
import { type Resource, resources } from '../../src/watch/resources.ts'
import type { SourceEvent } from '../../src/watch/source.ts'
import { ModelApi } from '../support/model-api.ts'
import { Recorder } from '../support/recorder.ts'

const warnings: Error[] = []
const note = (warning: Error): unknown => warnings.push(warning)

afterEach(() => {
  process.off('warning', note)
})

test('many kinds are followed at once without a warning of Node.js', async () => {
  process.on('warning', note)
  const api = await ModelApi.open()
  const client = new ApiClient(api.location(), 'nodelb-test')
  const stop = new AbortController()
  const followed = (Object.keys(resources) as Resource[]).filter((each) => each !== 'secrets')
  const events = new Recorder<SourceEvent>()
  const source = followApiServer({ client, followed, node: 'n1', interest: new NodeInterest(true) })
  const listener = { event: events.add, state: () => undefined, problems: () => undefined }
  const ended = source(listener, stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await ended
    client.close()
    await api.close()
  })
  for (const each of followed) await events.find(({ resource }) => resource === each)
  expect(followed.length).toBeGreaterThan(10)
  expect(warnings).toEqual([])
})
