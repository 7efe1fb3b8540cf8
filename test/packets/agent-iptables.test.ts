import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FLAVOURS, type Flavour } from '../../src/apply/iptables/programs.ts'
import { AgentLab } from '../support/agent-lab.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import { runs, tried } from '../support/runs.ts'
import type { PodName } from '../support/topology.ts'
import { WEB, webNode, webObjects, webService } from '../support/web.ts'

const CHANGES = runs(50)

let place: AgentLab

beforeAll(async () => {
  place = await AgentLab.build()
})
afterEach(async () => {
  await place.endAgents()
  await place.lab.nodelb(['cleanup'])
})
afterAll(() => place?.remove())

function configure(backend: string, flavour?: Flavour): string {
  const iptables = flavour === undefined ? {} : { iptables: { flavour } }
  return place.configure({ scope: 'all', backend, ...iptables })
}

async function start(backend: string, flavour?: Flavour): Promise<RunningAgent> {
  const agent = place.start('--config', configure(backend, flavour))
  await agent.next('agent-ready')
  return agent
}

async function saved(flavour: Flavour): Promise<string> {
  const texts = await Promise.all(
    ['iptables', 'ip6tables'].map((program) => place.lab.run(`${program}-${flavour}-save`, [])),
  )
  return texts.map(({ stdout }) => stdout.replace(/^#.*\n?| \[.*\]$/gm, '')).join('\n')
}

/** New connections of both families all the time, and one of each that lasts. */
async function traffic(): Promise<{ end(): Promise<readonly string[]> }> {
  const held = await Promise.all(
    WEB.loadBalancer.map((to) => place.lab.hold({ from: 'client', to })),
  )
  const routes = [
    { from: 'client', to: WEB.loadBalancer[0] },
    { from: 'client', to: WEB.loadBalancer[1] },
    { from: 'pod-a', to: WEB.cluster[0] },
    { from: 'node', to: WEB.cluster[1] },
  ] as const
  const streams = await Promise.all(
    routes.map((route) => place.lab.pour({ ...route, concurrency: 2, pause: 20 })),
  )
  return {
    /** Who answered, and what became of the others. */
    async end() {
      const ends = new Set<string>()
      for (const stream of streams) {
        for (const [end, count] of Object.entries(await stream.stop())) if (count > 0) ends.add(end)
      }
      for (const connection of held) {
        const { exchanges, failure } = await connection.release()
        expect(failure).toBeUndefined()
        expect(exchanges).toBeGreaterThan(0)
      }
      return [...ends].sort()
    },
  }
}

describe.each(tried(FLAVOURS))('%s', (flavour) => {
  const nat = flavour === 'nft' ? 'iptables-nft' : 'iptables-legacy'

  test('says what it chose; packets follow, also after a kill, which changes no rule', async () => {
    place.write(webObjects(['pod-a']))
    const agent = place.start('--config', configure('iptables', flavour))
    expect(await agent.next('backend-chosen')).toMatchObject({
      backend: 'iptables',
      reason: `the configuration says so; ${flavour}: the configuration says so`,
    })
    expect(await agent.next('table-not-owned')).toMatchObject({
      reason: 'chains of iptables have no owner',
    })
    await agent.next('agent-ready')
    expect(await place.answers()).toEqual(['pod-a'])
    const expectations: readonly (readonly [readonly PodName[], readonly string[]])[] = [
      [
        ['pod-b', 'pod-d'],
        ['pod-b', 'pod-d'],
      ],
      [[], ['refused']],
      [['pod-c'], ['pod-c']],
    ]
    for (const [pods, answers] of expectations) {
      agent.skip()
      place.write(webObjects(pods))
      await agent.next('kernel-committed')
      for (const to of WEB.loadBalancer) expect(await place.answers({ to })).toEqual(answers)
    }
    const before = await saved(flavour)
    expect(before).toContain('NODELB-VIPS')
    expect(await agent.end('SIGKILL')).toBe('SIGKILL')
    expect(await place.answers()).toEqual(['pod-c'])
    const second = place.start('--config', configure('iptables', flavour))
    expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
    expect(await saved(flavour)).toBe(before)
    second.skip()
    place.write([webNode])
    await second.next('kernel-committed')
    expect(await saved(flavour)).not.toContain('203.0.113.10')
  })

  test('a table that others empty is whole again within ten seconds', async () => {
    place.write(webObjects(['pod-a', 'pod-d']))
    const agent = await start('iptables', flavour)
    const before = await saved(flavour)
    const flows = await traffic()
    agent.skip()
    const began = Date.now()
    expect((await place.lab.run(nat, ['--wait', '5', '-t', 'nat', '-F'])).exitCode).toBe(0)
    await agent.next('foreign-change')
    const { time } = await agent.next(
      'kernel-committed',
      ({ operations }) => Number(operations) > 0,
    )
    expect(Date.parse(String(time)) - began).toBeLessThan(10_000)
    expect(await saved(flavour)).toBe(before)
    for (const to of WEB.loadBalancer)
      expect(await place.answers({ to })).toEqual(['pod-a', 'pod-d'])
    await flows.end()
    expect(await place.answers()).toEqual(['pod-a', 'pod-d'])
  })

  test('flows that went nowhere while the rules were gone are led again', async () => {
    place.write(webObjects(['pod-b']))
    const agent = await start('iptables', flavour)
    const [to] = WEB.loadBalancer
    const port = flavour === 'nft' ? 40_010 : 40_012
    // What the start has to look at is looked at when the next change is.
    expect(await place.askByUdp(to, port + 1)).toBe('pod-b')
    place.write(webObjects(['pod-a']))
    await agent.next('flows-deleted')
    agent.kill('SIGSTOP')
    expect((await place.lab.run(nat, ['--wait', '5', '-t', 'nat', '-F'])).exitCode).toBe(0)
    expect(await place.askByUdp(to, port)).not.toBe('pod-a')
    agent.skip()
    agent.kill('SIGCONT')
    await agent.next('flows-deleted')
    expect(await place.askByUdp(to, port)).toBe('pod-a')
  })

  test('a client whose SYN came before the Service is served once there is one', async () => {
    // It has no load-balancer address yet.
    place.write([webNode, { ...webService(), status: {} }])
    const agent = await start('iptables', flavour)
    const early = await place.askEarly(WEB.loadBalancer[0], flavour === 'nft' ? 40_014 : 40_016)
    place.write(webObjects(['pod-a']))
    await agent.next('flows-deleted')
    expect(await early.answer).toBe('pod-a')
  })

  test(`${CHANGES} changes of endpoints lose no connection`, async () => {
    place.write(webObjects(['pod-a']))
    const agent = await start('iptables', flavour)
    const flows = await traffic()
    const others: readonly PodName[] = ['pod-b', 'pod-c', 'pod-d']
    for (let change = 1; change <= CHANGES; change++) {
      agent.skip()
      const some = others.filter((_, at) => ((change % 8) >> at) & 1)
      place.write(webObjects(['pod-a', ...some]))
      await agent.next('kernel-committed')
    }
    expect((await flows.end()).filter((end) => !end.startsWith('pod-'))).toEqual([])
    expect(agent.lines.filter(({ event }) => event === 'foreign-change')).toEqual([])
    expect(agent.lines.filter(({ event }) => event === 'commit-failed')).toEqual([])
  })

  test('moving from nftables and back loses no connection, and leaves nothing', async () => {
    place.write(webObjects(['pod-a', 'pod-d']))
    const agent = await start('nftables')
    const flows = await traffic()
    configure('iptables', flavour)
    await agent.next('backend-chosen', ({ backend }) => backend === 'iptables')
    expect(await agent.next('backend-replaced')).toMatchObject({ removed: ['2 tables'] })
    expect(await place.rules()).not.toContain('nodelb')
    expect(await saved(flavour)).toContain('NODELB-VIPS')
    expect(await place.answers()).toEqual(['pod-a', 'pod-d'])
    configure('nftables')
    await agent.next('backend-chosen', ({ backend }) => backend === 'nftables')
    const { removed } = await agent.next('backend-replaced')
    expect(removed).toEqual([expect.stringMatching(/^\d+ chains of iptables/)])
    expect(await saved(flavour)).not.toContain('NODELB')
    expect(await place.rules()).toContain('table ip nodelb')
    expect((await flows.end()).filter((end) => !end.startsWith('pod-'))).toEqual([])
    expect(await place.answers()).toEqual(['pod-a', 'pod-d'])
  })
})

test('from one flavour to the other no connection is lost', async () => {
  place.write(webObjects(['pod-a', 'pod-d']))
  const agent = await start('iptables', 'legacy')
  const flows = await traffic()
  for (const flavour of ['nft', 'legacy'] as const) {
    configure('iptables', flavour)
    await agent.next('backend-chosen', ({ reason }) => String(reason).includes(`; ${flavour}:`))
    await agent.next('kernel-committed')
    expect(await saved(flavour)).toContain('NODELB-VIPS')
    await agent.next('backend-replaced')
    expect(await saved(flavour === 'nft' ? 'legacy' : 'nft')).not.toContain('NODELB')
  }
  expect((await flows.end()).filter((end) => !end.startsWith('pod-'))).toEqual([])
})
