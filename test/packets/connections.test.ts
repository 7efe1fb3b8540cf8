import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { eventually } from '../support/eventually.ts'
import { countsConnections, scrapeServices } from '../support/metered.ts'
import { WEB, webObjects } from '../support/web.ts'

let place: AgentLab

beforeAll(async () => {
  place = await AgentLab.build()
})
afterEach(async () => {
  await place.endAgents()
  await place.lab.nodelb(['cleanup'])
})
afterAll(() => place?.remove())

const METERED = { scope: 'all', metrics: { services: { enabled: true } } }

test.each([
  { backend: 'nftables' },
  { backend: 'iptables', iptables: { flavour: 'nft' } },
  { backend: 'iptables', iptables: { flavour: 'legacy' } },
])('connections are counted with $backend $iptables.flavour', async (fields) => {
  await countsConnections(place, () => {
    return place.start('--config', place.configure({ ...METERED, ...fields }))
  })
})

test('what is not asked for is neither in the kernel nor answered, and may be asked for at any time', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure({ scope: 'all' }))
  await agent.next('agent-ready')
  expect(await scrapeServices(place)).toMatch(/^404 connections are not counted/)
  expect(await place.rules()).not.toContain('counter')
  place.configure(METERED)
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  expect(await scrapeServices(place)).toMatch(/^200 # HELP nodelb_service_connections_total /)
  expect(await place.rules()).toContain('set metered-services')
  place.configure({ scope: 'all' })
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
  expect(await scrapeServices(place)).toMatch(/^404 /)
  expect(await place.rules()).not.toContain('counter')
})

test.each([{ backend: 'nftables' }, { backend: 'iptables', iptables: { flavour: 'nft' } }])(
  'of the Services those are counted that the selector picks, with $backend',
  async (fields) => {
    const choose = (selector: string) => {
      const services = { enabled: true, selector }
      return place.configure({ ...METERED, ...fields, metrics: { services } })
    }
    place.write(webObjects(['pod-a']))
    const agent = place.start('--config', choose('team=shop'))
    await agent.next('agent-ready')
    expect(await scrapeServices(place)).not.toContain('service="web"')
    expect(await place.rules()).not.toContain('metered-services')
    // No Service has the label, so all are picked now.
    choose('!team')
    await eventually(async () => (await scrapeServices(place)).includes('service="web"'))
    const isInKernel = (await place.rules()).includes('metered-services')
    expect(isInKernel).toBe(fields.backend === 'nftables')
    await place.lab.probe({ from: 'client', to: WEB.loadBalancer[0], count: 3 })
    await eventually(async () => /kind="load-balancer"\} 3$/m.test(await scrapeServices(place)))
    choose('team=shop')
    await eventually(async () => !(await scrapeServices(place)).includes('service="web"'))
  },
)
