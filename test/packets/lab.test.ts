import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { decodeExpectations, disappointments } from '../support/packets.ts'

let lab: Lab
beforeAll(async () => {
  lab = await Lab.build()
  const rules = readFileSync(new URL('../support/lab.example.nft', import.meta.url), 'utf8')
  const loaded = await lab.run('nft', ['-f', '-'], rules)
  expect(loaded, loaded.stderr).toMatchObject({ exitCode: 0 })
})
afterAll(() => lab.remove())

const both = ['tcp', 'udp'] as const
const connections = [
  { from: 'client', to: '10.244.1.11:9090', reaches: ['pod-b'], source: '192.0.2.2' },
  { from: 'client-2', to: '10.244.2.11:8080', reaches: ['pod-e'], source: '192.0.2.3' },
  { from: 'pod-d', to: '[fd00:10:244:1::12]:8080', reaches: ['pod-c'] },
  { from: 'client', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d'] },
  { from: 'node', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d'], source: '192.0.2.1' },
  { from: 'pod-a', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d'] },
  { from: 'client', to: '203.0.113.2:80', outcome: 'refused' },
  { from: 'pod-a', to: '203.0.113.2:80', outcome: 'refused' },
  { from: 'client', to: '203.0.113.3:80', outcome: 'dropped' },
  { from: 'client', to: '203.0.113.4:80', outcome: 'untouched' },
  { from: 'node', to: '[2001:db8:100::4]:80', outcome: 'untouched' },
  { from: 'pod-a', to: '192.0.2.1:30080', outcome: 'untouched' },
]
const rows = connections.flatMap((row) => both.map((protocol) => ({ ...row, protocol })))

for (const row of rows) {
  test(`the lab sees what becomes of ${row.from} -> ${row.to}/${row.protocol}`, async () => {
    expect(await disappointments(lab, decodeExpectations([row]))).toEqual([])
  })
}

test('the lab is not content with anything', async () => {
  const wrong = decodeExpectations([
    { from: 'client', to: '203.0.113.1:80', reaches: ['pod-a'] },
    { from: 'client', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d', 'pod-e'] },
    { from: 'client', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d'], source: '192.0.2.9' },
    { from: 'client', to: '203.0.113.1:80', reaches: ['pod-a', 'pod-d'], sticky: true },
    { from: 'client', to: '203.0.113.2:80', outcome: 'dropped' },
    { from: 'client', to: '203.0.113.3:80', outcome: 'refused' },
    { from: 'client', to: '203.0.113.1:80', outcome: 'untouched' },
  ])
  expect(await disappointments(lab, wrong)).toHaveLength(wrong.length)
})

test('a long-lived connection and a stream of new ones are counted', async () => {
  const connection = { from: 'client', to: '203.0.113.1:80' } as const
  const held = await lab.hold(connection)
  const stream = await lab.pour(connection)
  await lab.probe({ ...connection, count: 100 })
  const counts = await stream.stop()
  const { exchanges, failure } = await held.release()
  expect(failure).toBeUndefined()
  expect(exchanges).toBeGreaterThan(0)
  expect(Object.keys(counts)).toEqual(expect.arrayContaining(['pod-a', 'pod-d']))
})
