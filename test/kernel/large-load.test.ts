import { spawn } from 'node:child_process'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { makeManifests, nodeManifest } from '../bench/agent-objects.ts'
import { AgentAndSource, configured } from '../support/agent-and-source.ts'
import { ask, freePort } from '../support/asking.ts'

// Some 80,000 elements: they take seconds to render, to encode and to commit where other tests run.
const SIZE = { services: 6_000, endpoints: 10, dualStack: false, external: false }

let here: AgentAndSource
let port: number

beforeAll(async () => {
  enterNewNetwork()
  await execa('ip', ['link', 'set', 'lo', 'up'])
})
beforeEach(async () => {
  port = await freePort()
  const listen = { host: '127.0.0.1', port }
  here = new AgentAndSource(configured('nftables', 'first'), { listen })
})
afterEach(async () => {
  await here.stop()
  await nft('flush', 'ruleset')
})

function tellAll(): void {
  const { services, slices } = makeManifests(SIZE)
  for (const object of services) here.put('services', object)
  for (const object of slices) here.put('endpointslices', object)
  here.put('nodes', nodeManifest)
  here.listed('services', services.map(nameOf))
  here.listed('endpointslices', slices.map(nameOf))
  here.listed('nodes', [nodeManifest.metadata.name])
}

function nameOf({ metadata }: ReturnType<typeof makeManifests>['services'][number]): string {
  return `${metadata['namespace']}/${metadata.name}`
}

/** How many were answered, one after the other, before the promise resolved. */
async function probes(until: Promise<unknown>): Promise<number> {
  let answered = 0
  let over = false
  const end = until.then(() => {
    over = true
  })
  while (!over) {
    expect((await ask(port, '/livez')).status).toBe(200)
    if (!over) answered += 1
  }
  await end
  return answered
}

test('probes are answered while many Services are programmed', async () => {
  tellAll()
  const committed = here.next('kernel-committed')
  const answered = await probes(committed)
  const { operations } = await committed
  expect(operations).toBeGreaterThan(78_000)
  // An agent that did nothing else meanwhile would answer the first at the end.
  expect(answered).toBeGreaterThan(10)
})

/** Commits to a table of its own without pause, until it is stopped. */
function foreignCommits(): Disposable {
  const commands =
    'nft add table ip mine; nft add set ip mine s "{ type ipv4_addr; }"; while :; do ' +
    'nft add element ip mine s "{ 192.0.2.1 }"; nft delete element ip mine s "{ 192.0.2.1 }"; done'
  const program = spawn('sh', ['-c', commands], { detached: true })
  return {
    [Symbol.dispose]() {
      if (program.pid !== undefined) process.kill(-program.pid)
    },
  }
}

test('many Services are programmed while another program commits all the time', async () => {
  using _ = foreignCommits()
  tellAll()
  const { operations } = await Promise.race([
    here.next('kernel-committed'),
    here.next('commit-failed').then(({ reason }) => Promise.reject(new Error(reason))),
  ])
  expect(operations).toBeGreaterThan(78_000)
})
