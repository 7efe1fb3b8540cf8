import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

const namespace = 'default'
const dual = { ipFamilyPolicy: 'RequireDualStack' }
const given = ['203.0.113.40:80', '[2001:db8:100::40]:80'] as const
const pool = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { namespace: 'metallb-system', name: 'production' },
  spec: { addresses: ['203.0.113.40-203.0.113.41', '2001:db8:100::40-2001:db8:100::41'] },
}

/** As people write it: without a status. */
function web(): object {
  const { status: _, ...manifest } = webService(dual) as { readonly status: unknown }
  return manifest
}

/** A Service that would go before the other one if nobody had an address. */
function older(): object {
  const metadata = { namespace, name: 'older', creationTimestamp: '2020-01-01T00:00:00Z' }
  return { ...web(), metadata }
}

function start(...args: readonly string[]): RunningAgent {
  return place.start('--state', place.path('state'), ...args)
}

/** Resolves with the commit after which both addresses lead to pod-a; each change may be its own. */
async function reached(agent: RunningAgent): Promise<void> {
  for (;;) {
    await committed(agent)
    const answers = await Promise.all(given.map((to) => place.answers({ to })))
    if (answers.every((each) => each.join() === 'pod-a')) return
  }
}

async function committed(agent: RunningAgent): Promise<void> {
  await agent.next('kernel-committed')
}

test('a manifest without an address leads to connections, and a restart keeps the address', async () => {
  place.write([webNode, pool, web(), ...webSlices(['pod-a', 'pod-d'])])
  const first = start()
  expect(await first.next('addresses-changed')).toMatchObject({
    service: 'default/web',
    before: [],
    addresses: ['203.0.113.40', '2001:db8:100::40'],
    reason: 'IPAddressPool production gives it',
  })
  await committed(first)
  for (const to of given) expect(await place.answers({ to })).toEqual(['pod-a', 'pod-d'])
  const file = join(place.path('state'), 'addresses.state')
  const saved = readFileSync(file, 'utf8')
  await first.end('SIGKILL')
  place.write([webNode, pool, older(), web(), ...webSlices(['pod-a', 'pod-d'])])
  const second = start()
  expect(await second.next('addresses-changed')).toMatchObject({
    service: 'default/older',
    addresses: ['203.0.113.41', '2001:db8:100::41'],
  })
  await committed(second)
  for (const to of given) expect(await place.answers({ to })).toEqual(['pod-a', 'pod-d'])
  expect(readFileSync(file, 'utf8')).toContain(saved.split('\n')[1])
  await second.end('SIGTERM')
  const args = ['diff', '-f', place.folder, '--node', 'node-a', '--scope', 'all', '--state']
  expect(await place.lab.nodelb([...args, place.path('state')])).toMatchObject({ exitCode: 0 })
  const lost = await place.lab.nodelb([...args, place.path('elsewhere')])
  expect(lost.exitCode).toBe(2)
  expect(lost.stderr).toContain('elsewhere: found nothing, expected the addresses that')
})

test('a Service that waits is told until there is room, and connections follow', async () => {
  const tiny = { ...pool, spec: { addresses: ['203.0.113.40/32', '2001:db8:100::40/128'] } }
  place.write([webNode, tiny, web(), older(), ...webSlices(['pod-a'])])
  const agent = start()
  const waits = await agent.next(
    'allocation-problem',
    ({ object }) => object === 'Service/default/web',
  )
  expect(waits).toMatchObject({ level: 'warn', problems: [expect.stringContaining('production')] })
  await committed(agent)
  const { stdout } = await place.lab.nodelb(['status', '--status-socket', place.statusSocket])
  expect(stdout).toMatch(/^ {2}default\/web +.*production/m)
  expect(await place.answers({ to: given[0] })).not.toEqual(['pod-a'])
  place.write([webNode, tiny, web(), ...webSlices(['pod-a'])])
  await agent.next('allocation-in-order', ({ object }) => object === 'Service/default/web')
  await reached(agent)
})

test('addresses of Nodes are given where the configuration says so, and follow it', async () => {
  const config = place.configure({ scope: 'all', addresses: 'nodes' })
  place.write([webNode, web(), ...webSlices(['pod-a'])])
  const agent = start('--config', config)
  await committed(agent)
  expect(await place.answers({ to: '192.0.2.1:80' })).toEqual(['pod-a'])
  place.configure({ scope: 'all', addresses: 'pools' })
  place.write([webNode, pool, web(), ...webSlices(['pod-a'])])
  await agent.next('addresses-changed', ({ addresses }) =>
    String(addresses).startsWith('203.0.113.40'),
  )
  await reached(agent)
})
