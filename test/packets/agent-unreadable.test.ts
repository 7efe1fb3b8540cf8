import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
  place.write([webNode], 'node.json')
  place.write([webService()], 'service.json')
  place.write(webSlices(['pod-a']), 'slices.json')
  const first = place.start()
  await first.next('agent-ready')
  await first.end('SIGKILL')
})

afterEach(() => place?.remove())

const unreadable = webService({ ports: [{ name: 'tcp', port: 70_000 }] })
const [slice4 = {}, slice6 = {}] = webSlices(['pod-a'])
const bad = { ...slice4, addressType: 'IPX' }

describe('what the kernel has of a Service stays', () => {
  test('while the Service cannot be read, until it can be', async () => {
    place.write([unreadable], 'service.json')
    const agent = place.start()
    expect(await agent.next('agent-ready')).toMatchObject({ operations: 0 })
    expect(await place.answers()).toEqual(['pod-a'])
    place.write([webService()], 'service.json')
    place.write(webSlices(['pod-b']), 'slices.json')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.answers()).toEqual(['pod-b'])
  })

  test('while the Service is over the limits, whatever becomes of its slices, until it is within', async () => {
    const ports = Array.from({ length: 1_500 }, (_, n) => ({ name: `p${n}`, port: 10_000 + n }))
    place.write([webService({ ports })], 'service.json')
    const agent = place.start()
    expect(await agent.next('object-invalid')).toMatchObject({
      object: 'Service default/web',
      problems: [expect.stringContaining('raise limits.claimsPerService')],
    })
    expect(await agent.next('agent-ready')).toMatchObject({ operations: 0 })
    expect(await place.answers()).toEqual(['pod-a'])
    place.write([webService()], 'service.json')
    await agent.next('object-in-order')
    place.write([webService({ ports })], 'service.json')
    await agent.next('object-invalid')
    place.write(webSlices(['pod-b']), 'slices.json')
    const other = { clusterIP: '10.96.0.99', clusterIPs: ['10.96.0.99'], ipFamilies: ['IPv4'] }
    const [spec, metadata] = [
      { ...other, ports: [{ port: 80 }] },
      { name: 'z', namespace: 'default' },
    ]
    place.write([{ apiVersion: 'v1', kind: 'Service', metadata, spec }], 'z.json')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.answers()).toEqual(['pod-a'])
    place.write([webService()], 'service.json')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.answers()).toEqual(['pod-b'])
  })

  test('while the Service cannot be read, until it is deleted', async () => {
    place.write([unreadable], 'service.json')
    const agent = place.start()
    await agent.next('agent-ready')
    place.write([], 'service.json')
    await agent.next('kernel-committed')
    expect(await place.rules()).not.toContain('203.0.113.10')
  })

  test('while the Service cannot be read, until it wants no balancing any more', async () => {
    place.write([unreadable], 'service.json')
    const agent = place.start()
    await agent.next('agent-ready')
    const external = { type: 'ExternalName', externalName: 'example.com', ports: [] }
    place.write([webService(external)], 'service.json')
    await agent.next('kernel-committed')
    expect(await place.rules()).not.toContain('203.0.113.10')
  })

  test('while a source range cannot be read, and its endpoints are followed', async () => {
    const ranges = { loadBalancerSourceRanges: ['all'] }
    place.write([webService(ranges)], 'service.json')
    const agent = place.start()
    expect(await agent.next('agent-ready')).toMatchObject({ operations: 0 })
    expect(await place.answers()).toEqual(['pod-a'])
    place.write(webSlices(['pod-b']), 'slices.json')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.answers()).toEqual(['pod-b'])
    place.write([webService({ loadBalancerSourceRanges: ['198.51.100.0/24'] })], 'service.json')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.answers()).toEqual(['dropped'])
  })

  test('while a slice cannot be read, until it is gone', async () => {
    place.write([bad, slice6], 'slices.json')
    const agent = place.start()
    await agent.next('agent-ready')
    expect(await place.answers()).toEqual(['pod-a'])
    place.write([slice6], 'slices.json')
    await agent.next('kernel-committed')
    expect(await place.answers()).toEqual(['refused'])
  })

  test('while a file cannot be read, until it is mended', async () => {
    writeFileSync(join(place.folder, 'service.json'), '{"apiVersion": "v1", "kind": ')
    const agent = place.start()
    await agent.next('source-problem')
    expect(await agent.next('agent-ready')).toMatchObject({ operations: 0 })
    expect(await place.answers()).toEqual(['pod-a'])
    place.write([], 'service.json')
    await agent.next('source-in-order')
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    expect(await place.rules()).not.toContain('203.0.113.10')
  })

  test('while the Service cannot be read, whatever becomes of its slices', async () => {
    place.write([unreadable], 'service.json')
    const agent = place.start()
    await agent.next('agent-ready')
    place.write(webSlices(['pod-b']), 'slices.json')
    await agent.next('kernel-committed')
    expect(await place.answers()).toEqual(['pod-a'])
  })

  test('while a slice cannot be read, whatever becomes of the others', async () => {
    place.write([bad, slice6], 'slices.json')
    const agent = place.start()
    await agent.next('agent-ready')
    place.write([bad, webSlices(['pod-b'])[1] ?? {}], 'slices.json')
    await agent.next('kernel-committed')
    expect(await place.answers()).toEqual(['pod-a'])
  })
})

test('an object that cannot be read any more leaves in force what it said', async () => {
  const agent = place.start()
  await agent.next('agent-ready')
  place.write([unreadable], 'service.json')
  await agent.next('object-invalid')
  place.write(webSlices(['pod-b', 'pod-d']), 'slices.json')
  await agent.next('kernel-committed')
  expect(await place.answers()).toEqual(['pod-b', 'pod-d'])
})

test('a file that is emptied before it is written anew takes nothing away', async () => {
  const agent = place.start()
  await agent.next('agent-ready')
  writeFileSync(join(place.folder, 'service.json'), '')
  await agent.next('source-problem')
  expect(await place.answers()).toEqual(['pod-a'])
  place.write([webService()], 'service.json')
  await agent.next('source-in-order')
  expect(await place.answers()).toEqual(['pod-a'])
})
