import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { AgentAndSource, configured } from '../support/agent-and-source.ts'
import { webNode, webObjects, webService } from '../support/web.ts'

// An agent whose configuration wants what is not there: a list of all Nodes, which the source does not
// give, or a backend that this kernel does not have.

let here: AgentAndSource

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  here = new AgentAndSource(configured('nftables', 'first'))
  here.tell(webObjects(['pod-a']))
  await here.next('agent-ready')
})
afterEach(async () => {
  await here.stop()
  await nft('flush', 'ruleset')
})

const tables = (): Promise<string> => nft('list', 'ruleset')

/** Others take all away: it is back after the next commit. */
async function flushed(): Promise<void> {
  await nft('flush', 'ruleset')
  await here.next('kernel-committed', ({ operations }) => operations > 10)
  expect(here.status.doubt).toBeNull()
  expect(await tables()).toContain('203.0.113.10')
}

/** A change of the objects is followed. */
async function followed(address: string): Promise<void> {
  here.put('services', webService({ externalIPs: [address] }))
  await here.next('kernel-committed')
  expect(await tables()).toContain(address)
}

test('what waits for all Nodes leaves what is in force at work, and can be taken back', async () => {
  here.agent.expectNodes()
  here.agent.configure(configured('ipvs', 'second'))
  expect(await here.next('configuration-waits')).toMatchObject({ source: 'second' })
  expect(here.status).toMatchObject({
    ready: true,
    backend: 'nftables',
    reason: expect.stringMatching(/^ready; second waits for a list of all Nodes, .* in force$/),
    waiting: { source: 'second', failed: false },
  })
  await flushed()
  await followed('198.51.100.1')
  here.agent.configure(configured('nftables', 'third'))
  expect(await here.next('configuration-loaded')).toMatchObject({ source: 'third' })
  await here.next('kernel-committed')
  expect(here.status).toMatchObject({ ready: true, reason: 'ready', waiting: null })
  await flushed()
  // The list that was expected comes after all, and is of no importance any more.
  here.listed('nodes', ['node-a'])
  await followed('198.51.100.2')
  expect(here.status).toMatchObject({ ready: true, reason: 'ready', backend: 'nftables' })
})

test('the latest of those that wait is tried once all Nodes are listed', async () => {
  here.agent.expectNodes()
  here.agent.configure(configured('ipvs', 'second'))
  here.agent.configure(configured('ipvs', 'third'))
  await here.next('configuration-waits', ({ source }) => source === 'third')
  here.put('nodes', { ...webNode, metadata: { name: 'node-b' } })
  here.listed('nodes', ['node-a', 'node-b'])
  // This kernel has no ipvs.
  const { source, reason } = await here.next('configuration-failed')
  expect([source, reason]).toEqual(['third', expect.stringContaining('ip_vs')])
})

test('what cannot be started leaves what is in force at work, and is told as such', async () => {
  here.agent.configure(configured('ipvs', 'second'))
  const { reason } = await here.next('configuration-failed')
  await here.next('kernel-committed')
  expect(here.status).toMatchObject({
    ready: false,
    reason: `second cannot be put in force: ${reason}; the configuration before it is in force`,
    backend: 'nftables',
    failing: null,
    waiting: { source: 'second', failed: true },
  })
  expect(here.agent.telemetry.healthy()).toBe(true)
  await flushed()
  await followed('198.51.100.3')
  here.agent.configure(configured('nftables', 'third'))
  await here.next('configuration-loaded')
  await here.next('kernel-committed')
  expect(here.status).toMatchObject({ ready: true, reason: 'ready', waiting: null })
})

test('a source that breaks is told, and started again', async () => {
  here.breakSource(new Error('key values mismatch'))
  expect((await here.next('bug')).reason).toContain('Error: key values mismatch')
  await flushed()
  await expect.poll(() => here.starts).toBe(2)
  here.tell(webObjects(['pod-a', 'pod-b']))
  await here.next('kernel-committed')
  expect(await tables()).toContain('10.244.1.11')
})

test('an event that cannot be taken has everything rendered anew', async () => {
  here.put('services', undefined as unknown as object)
  const metadata = { namespace: 'default', name: 'web' }
  const poison = {
    metadata,
    get spec(): never {
      throw new Error('poison')
    },
  }
  here.put('services', poison)
  expect((await here.next('bug')).reason).toContain('poison')
  await here.next('kernel-committed')
  await followed('198.51.100.4')
})

test('status tells what was verified, and when, and what speaks against it since', async () => {
  const { verified } = here.status
  expect(verified?.comparedAt).toBe(verified?.at)
  await followed('198.51.100.5')
  const later = here.status.verified
  expect(later?.comparedAt).toBe(verified?.comparedAt)
  expect(Date.parse(later?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(verified?.at ?? ''))
  // What was flushed may be back before nft has ended.
  const doubted = here.next('foreign-change').then(() => here.status)
  await nft('flush', 'ruleset')
  const reason = expect.stringMatching(/^nft .*changed/)
  expect(await doubted).toMatchObject({ ready: false, doubt: { reason } })
  await here.next('kernel-committed', ({ compared }) => compared)
  expect(here.status).toMatchObject({ ready: true, doubt: null })
})
