import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import type { PodName } from '../support/topology.ts'
import { WEB, webNode, webService, webSlices } from '../support/web.ts'

let place: AgentLab
let agent: RunningAgent

const VIPS = ['10.96.0.20', 'fd00:10:96::20']
/** For its sake the node tracks connections, whatever becomes of the other. */
const other = {
  ...webService({ type: 'ClusterIP', clusterIP: VIPS[0], clusterIPs: VIPS }),
  metadata: { namespace: 'default', name: 'other' },
  status: {},
}
const withoutWeb: readonly object[] = [webNode, other]

beforeAll(async () => {
  place = await AgentLab.build()
  place.write(withoutWeb)
  agent = place.start()
  await agent.next('agent-ready')
})

afterAll(() => place?.remove())

/** Writes the objects for the agent, and waits until it has programmed them. */
async function become(objects: readonly object[], event = 'kernel-committed'): Promise<void> {
  agent.skip()
  place.write(objects)
  await agent.next(event)
}

function serving(pods: readonly PodName[], ending: readonly PodName[] = []): readonly object[] {
  return [...withoutWeb, webService(), ...webSlices(pods, ending)]
}

describe.each([
  { family: 'IPv4', to: WEB.loadBalancer[0], port: 40_004 },
  { family: 'IPv6', to: WEB.loadBalancer[1], port: 40_006 },
])('a UDP client that keeps its port, over $family', ({ to, port }) => {
  const answer = (): Promise<string> => place.askByUdp(to, port)

  test('goes elsewhere when its endpoint is gone', async () => {
    await become(serving([]))
    await become(serving(['pod-a']))
    expect(await answer()).toBe('pod-a')
    await become(serving(['pod-a', 'pod-b']))
    expect(await answer()).toBe('pod-a')
    await become(serving(['pod-b']), 'flows-deleted')
    expect(await answer()).toBe('pod-b')
  })

  test('stays with an endpoint that is about to end until it has ended', async () => {
    await become(serving(['pod-b', 'pod-c']))
    await become(serving(['pod-c'], ['pod-b']))
    expect(await answer()).toBe('pod-b')
    await become(serving(['pod-c']), 'flows-deleted')
    expect(await answer()).toBe('pod-c')
  })

  test('is refused when the last endpoint goes, and served when the first comes', async () => {
    await become(serving([]), 'flows-deleted')
    expect(await answer()).toBe('refused')
    await become(serving(['pod-d']))
    expect(await answer()).toBe('pod-d')
  })

  test('is served by who comes first, though it was there before the Service', async () => {
    await become(withoutWeb, 'flows-deleted')
    expect(await answer()).toBe('outside')
    await become(serving(['pod-a']), 'flows-deleted')
    expect(await answer()).toBe('pod-a')
    await become(withoutWeb, 'flows-deleted')
  })
})

describe.each([
  { family: 'IPv4', to: WEB.loadBalancer[0], port: 40_014 },
  { family: 'IPv6', to: WEB.loadBalancer[1], port: 40_016 },
])('a TCP client that was there before the Service, over $family', ({ to, port }) => {
  test('is served once there is one, and who was answered already goes on', async () => {
    const working = await place.lab.hold({ from: 'client', to })
    expect(working.pod).toBe('outside')
    const early = await place.askEarly(to, port)
    await become(serving(['pod-a']), 'flows-deleted')
    expect(await early.answer).toBe('pod-a')
    expect(await working.release()).not.toHaveProperty('failure')
    await become(withoutWeb)
  })
})
