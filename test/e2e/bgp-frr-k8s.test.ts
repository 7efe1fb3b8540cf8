import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FrrConfiguration } from '../../src/render/bgp/frr-configuration.ts'
import { frrConfigurationOf } from '../../src/render/bgp/frr-configuration.ts'
import { labels } from '../announce/objects.ts'
import { cases } from '../golden/bgp-cases.ts'
import { BgpLan } from '../support/bgp-lan.ts'
import { eventually } from '../support/eventually.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import type { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'
import { BGP_PEERS, inPod, METALLB, placeBgp } from './support/bgp-cluster.ts'
import { installAccount, installKinds } from './support/controllers.ts'
import { Door } from './support/door.ts'
import { FRR_CONFIGURATIONS, installFrrK8s } from './support/frr-k8s.ts'
import { install } from './support/install.ts'

// frr-k8s itself is not here: what it reads is compared, as its schema takes it.

const VIP = '198.51.100.10/32'
const own = `${FRR_CONFIGURATIONS}/nodelb-n1`

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
  await installAccount(server, 'bgp-frr-k8s')
  // The Secret is not there, and the agent may not read any: frr-k8s does.
  await placeBgp(admin, { passwordSecret: { name: 'tor' } })
  const token = await server.serviceAccountToken('kube-system', 'nodelb')
  const source = ['--kubeconfig', server.kubeconfig({ token })]
  lan = await BgpLan.build({ source, daemons: [], settings: { engine: 'frr-k8s' } })
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

/** Resolves with the FRRConfiguration once it is as expected. */
async function written(isExpected: (object: Manifest) => boolean): Promise<Manifest> {
  let object: Manifest
  await eventually(
    async () => {
      object = (await admin.ask('GET', own)).body
      return isExpected(object)
    },
    { late: () => `not written as expected: ${JSON.stringify(object)}` },
  )
  return object
}

test('without frr-k8s the agent says what is missing, and writes when it is there', async () => {
  const lost = await agent.next('bgp-engine-lost')
  expect(lost).toMatchObject({ reason: 'the cluster has no FRRConfigurations; install frr-k8s' })
  await installFrrK8s(admin)
  await agent.next('bgp-engine-ready')
  const { metadata, spec } = await written(({ spec }) => spec !== undefined)
  expect(metadata.ownerReferences).toBeUndefined()
  expect(metadata.managedFields).toMatchObject([{ manager: 'nodelb', operation: 'Apply' }])
  const [router] = spec.bgp.routers
  expect(router).toMatchObject({ asn: 64501, prefixes: [VIP] })
  expect(router.neighbors).toMatchObject([
    {
      ...{ asn: 65000, address: '10.0.0.254' },
      passwordSecret: { name: 'tor', namespace: 'metallb-system' },
      toAdvertise: { allowed: { prefixes: [VIP] } },
    },
  ])
  expect(spec.nodeSelector).toEqual({ matchLabels: { 'kubernetes.io/hostname': 'n1' } })
  expect((await lan.announces()).engine).toBe('frr-k8s')
  expect(await lan.statusText()).toContain('tor at 10.0.0.254: left to frr-k8s, with 1 prefix\n')
})

test('a change is written, and what others made of it is undone with the next one', async () => {
  const spec = { bgp: { routers: [] }, nodeSelector: { matchLabels: { rack: 'a' } } }
  await admin.call('PATCH', own, { spec })
  const marked = { spec: { communities: ['64500:1'], localPref: 200 } }
  await admin.call('PATCH', `${METALLB}/metallb-system/bgpadvertisements/all`, marked)
  const now = await written(
    ({ spec }) => spec.bgp.routers[0]?.neighbors[0].toAdvertise.withCommunity !== undefined,
  )
  expect(now.spec.bgp.routers[0].neighbors[0].toAdvertise).toMatchObject({
    withCommunity: [{ community: '64500:1', prefixes: [VIP] }],
    withLocalPref: [{ localPref: 200, prefixes: [VIP] }],
  })
  await agent.next('bgp-configured')
})

test('what frr-k8s has no words for is told, and the rest is written', async () => {
  await admin.call('PATCH', `${BGP_PEERS}/tor`, { spec: { localASN: 64700, holdTime: '9s' } })
  await written(({ spec }) => spec.bgp.routers[0].neighbors[0].holdTime === '9s')
  const { problems } = await lan.announces((view) => view.problems.length > 0)
  expect(problems).toMatchObject([
    { object: 'BGPPeer/tor', problem: expect.stringMatching(/^spec\.localASN: found 64700/) },
  ])
})

test('the object stays when the agent ends, and goes where BGP is turned off', async () => {
  const before = await written(() => true)
  await agent.end('SIGTERM')
  agent = await lan.start(inPod)
  await agent.next('bgp-engine-ready')
  const after = await written(() => true)
  // To write what is there is no change: frr-k8s has nothing to do.
  const { uid, generation } = before.metadata
  expect(after.metadata).toMatchObject({ uid, generation })
  lan.configure({ enabled: false })
  await agent.next('bgp-withdrawn')
  expect((await admin.ask('GET', own)).status).toBe(404)
})

test.each(Object.entries(cases))('the API server takes %s', async (_, announced) => {
  const node = { name: 'golden', labels: labels({}) }
  const options = { node, namespace: 'kube-system', configured: [] }
  const wanted: FrrConfiguration = frrConfigurationOf(announced, options)
  const strict = `${FRR_CONFIGURATIONS}?fieldValidation=Strict`
  const { status, body } = await admin.ask('POST', strict, wanted)
  expect({ status, body }).toMatchObject({ status: 201, body: { spec: wanted.spec } })
  await admin.call('DELETE', `${FRR_CONFIGURATIONS}/${wanted.metadata.name}`)
})
