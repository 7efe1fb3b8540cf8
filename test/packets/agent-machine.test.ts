import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { agentStatus } from '../support/agent-status.ts'
import { webObjects } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
  place.write(webObjects(['pod-a']))
})

afterEach(() => place?.remove())

const PLACES = {
  nft: 'table ip filter, chain FORWARD',
  legacy: 'table filter of iptables-legacy, chain FORWARD',
} as const

test.each(['nft', 'legacy'] as const)(
  'FORWARD with policy DROP (%s) is told, and its end',
  async (flavour) => {
    const policy = (policy: string) => {
      return place.lab.run(`iptables-${flavour}`, ['-P', 'FORWARD', policy])
    }
    await policy('DROP')
    const config = place.configure({ scope: 'all', backend: 'nftables', comparePeriod: '1s' })
    const agent = place.start('--config', config)
    const { condition, messages } = await agent.next('condition-found')
    expect(condition).toBe('ForwardPolicyDrop')
    expect(String(messages)).toContain(PLACES[flavour])
    expect(String(messages)).toContain('-P FORWARD ACCEPT')
    expect(await agentStatus(place.statusSocket)).toMatchObject({
      status: { conditions: messages },
    })
    expect(await place.answers(), 'it is true').toEqual(['dropped'])
    await policy('ACCEPT')
    await agent.next('condition-gone')
    expect(await place.answers()).toEqual(['pod-a'])
  },
)
