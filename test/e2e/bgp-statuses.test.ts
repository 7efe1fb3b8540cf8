import { afterAll, beforeAll, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { bgpPeer } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import type { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'
import { BGP_PEERS, inPod, METALLB, placeBgp, SHOP_SLICES } from './support/bgp-cluster.ts'
import { installAccount, installKinds } from './support/controllers.ts'
import { Door } from './support/door.ts'
import { install } from './support/install.ts'

const VIP = '198.51.100.10/32'
const statuses = `${METALLB}/kube-system/servicebgpstatuses`
const state = `${METALLB}/kube-system/configurationstates/speaker-n1`

let server: ApiServer
let admin: Api
let lan: BgpLan
let door: Door
let agent: RunningAgent

beforeAll(async () => {
  server = await ApiServer.start()
  admin = server.admin
  await install(admin)
  await installKinds(server)
  await installAccount(server, 'bgp')
  await placeBgp(admin)
  const token = await server.serviceAccountToken('kube-system', 'nodelb')
  lan = await BgpLan.build({ source: ['--kubeconfig', server.kubeconfig({ token })] })
  door = await Door.open(lan.node.namespace, server.port)
  agent = await lan.start(inPod)
}, 600_000)

afterAll(async () => {
  await door?.close()
  await lan?.remove()
  await server?.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: objects as manifests have them
type Manifest = any

async function all(): Promise<Manifest[]> {
  return (await admin.call('GET', statuses)).items
}

/** Resolves when the statuses list these peers, by node. */
async function areListed(expected: Readonly<Record<string, readonly string[]>>): Promise<void> {
  let found = ''
  await eventually(
    async () => {
      const items = await all()
      found = JSON.stringify(items.map(({ status }) => [status?.node, status?.peers]).sort())
      return found === JSON.stringify(Object.entries(expected).sort())
    },
    { late: () => `${found} instead of ${JSON.stringify(expected)}` },
  )
}

/** Resolves when the ConfigurationState of the node has this result; gives the object. */
async function judged(result: string): Promise<Manifest> {
  let body: Manifest
  await eventually(
    async () => {
      body = (await admin.ask('GET', state)).body
      return body.status?.result === result
    },
    { late: () => JSON.stringify(body) },
  )
  return body
}

async function assigned(): Promise<readonly string[]> {
  const { items } = await admin.call('GET', '/apis/events.k8s.io/v1/namespaces/shop/events')
  return items
    .filter(({ reason }: Manifest) => reason === 'nodeAssigned')
    .map(({ note, regarding }: Manifest) => `${regarding.name}: ${note}`)
}

test('a Service that is announced has a status and an Event, in the words of MetalLB', async () => {
  await lan.until(VIP)
  await areListed({ n1: ['tor'] })
  const [{ metadata, status }] = await all()
  expect(metadata).toMatchObject({
    name: expect.stringMatching(/^bgp-/),
    labels: {
      'metallb.io/node': 'n1',
      'metallb.io/service-name': 'web',
      'metallb.io/service-namespace': 'shop',
    },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nodelb-x', uid: 'uid-1' }],
  })
  expect(status).toEqual({
    ...{ node: 'n1', serviceName: 'web', serviceNamespace: 'shop', peers: ['tor'] },
  })
  await eventually(async () => (await assigned()).length > 0)
  expect(await assigned()).toEqual(['web: announcing from node "n1" with protocol "bgp"'])
})

test('an agent that starts again writes nothing, and another peer is one write', async () => {
  const before = await all()
  await agent.end('SIGKILL')
  agent = await lan.start(inPod)
  const again = await agent.next('bgp-service-announced')
  expect(again).toMatchObject({ service: 'shop/web', peers: ['tor'], began: false })
  // A peer that is not there is one that is configured, as under MetalLB.
  await admin.call('POST', BGP_PEERS, bgpPeer('absent', { peerAddress: '10.0.0.77' }))
  await areListed({ n1: ['absent', 'tor'] })
  const [former, now] = [before, await all()].map(([each]) => each.metadata)
  expect(now.uid).toBe(former.uid)
  expect(now.generation).toBe(former.generation)
  expect(await assigned()).toHaveLength(1)
})

test('the status goes with the announcement, and comes with it; those of other nodes stay', async () => {
  await admin.call('POST', statuses, {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ServiceBGPStatus', spec: {} },
    metadata: { name: 'bgp-other', labels: { 'metallb.io/node': 'n2' } },
  })
  const status = { node: 'n2', serviceName: 'web', serviceNamespace: 'shop', peers: ['tor'] }
  await admin.call('PATCH', `${statuses}/bgp-other/status`, { status })
  const { endpoints } = await admin.call('GET', `${SHOP_SLICES}/web-1`)
  await admin.call('PATCH', `${SHOP_SLICES}/web-1`, { endpoints: [] })
  await lan.gone(VIP)
  await areListed({ n2: ['tor'] })
  await admin.call('PATCH', `${SHOP_SLICES}/web-1`, { endpoints })
  await lan.until(VIP)
  await areListed({ n1: ['absent', 'tor'], n2: ['tor'] })
  expect(agent.lines.map(({ event }) => event)).not.toContain('bgp-statuses-not-written')
})

test('the ConfigurationState of the node names a bad BGPPeer until it is mended', async () => {
  const { metadata, status } = await judged('Valid')
  expect(metadata).toMatchObject({
    labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': 'n1' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'nodelb-x', uid: 'uid-1' }],
  })
  expect(status.conditions).toMatchObject([
    { type: 'configReconcilerValid', status: 'True', reason: 'Reconciled' },
  ])
  await admin.call('PATCH', `${BGP_PEERS}/absent`, { spec: { peerAddress: '10.0.0.777' } })
  const wrong = await judged('Invalid')
  expect(wrong.status.errorSummary).toMatch(/^BGPPeer\/absent: .*10\.0\.0\.777/)
  expect(wrong.status.conditions).toMatchObject([
    { type: 'configReconcilerValid', status: 'False', reason: 'ConfigurationError' },
  ])
  expect(wrong.status.conditions[0].message).toBe(wrong.status.errorSummary)
  // One that starts meanwhile finds it as it should be, and writes nothing.
  await agent.end('SIGKILL')
  agent = await lan.start(inPod)
  await agent.next('bgp-service-announced')
  expect((await judged('Invalid')).metadata.resourceVersion).toBe(wrong.metadata.resourceVersion)
  await admin.call('PATCH', `${BGP_PEERS}/absent`, { spec: { peerAddress: '10.0.0.77' } })
  const mended = await judged('Valid')
  expect(mended.status.conditions).toMatchObject([{ status: 'True', reason: 'Reconciled' }])
  expect(mended.metadata.uid).toBe(metadata.uid)
  expect(agent.lines.map(({ event }) => event)).not.toContain('configuration-state-not-written')
})
