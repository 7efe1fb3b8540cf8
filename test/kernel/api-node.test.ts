import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRR_CONFIGURATIONS } from '../e2e/support/frr-k8s.ts'
import { refusal } from '../support/asking.ts'
import { BgpLan } from '../support/bgp-lan.ts'
import {
  advertisement,
  bgpCluster,
  bgpPeer,
  bgpService,
  pool,
  secret,
} from '../support/bgp-objects.ts'
import { writeConfiguration } from '../support/configuration.ts'
import { eventually } from '../support/eventually.ts'
import { AgentHere, commandHere, enterNetwork } from '../support/here.ts'
import { ModelApi } from '../support/model-api.ts'
import type { Manifest } from '../support/model-objects.ts'

/** One node whose agent follows an API server, and lives through what happens to it, beside a router. */

const VIP = '198.51.100.10/32'
const metallb = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
const peers = '/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers'
const secrets = '/api/v1/namespaces/metallb-system/secrets'
const peer = bgpPeer('tor', { passwordSecret: { name: 'tor' } })

let lan: BgpLan
let api: ModelApi
let agent: AgentHere
let leaveNetwork = (): void => undefined
let node = ''

beforeAll(async () => {
  Object.assign(process.env, {
    ...{ POD_NAMESPACE: 'metallb-system', POD_NAME: 'nodelb-n1', POD_UID: 'uid-1' },
  })
  lan = await BgpLan.build()
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor 10.0.0.1 password right', 'end'],
  )
  node = lan.node.namespace
  leaveNetwork = enterNetwork(node)
  api = await ModelApi.open()
  api.apply(
    ...bgpCluster(peer, advertisement('all'), bgpService('web', '198.51.100.10')),
    secret('tor', 'right'),
  )
  api.refuses = ({ path }) => (path === `${secrets}/tor` ? 403 : undefined)
  agent = AgentHere.start(
    ...['--kubeconfig', api.location().file, '--node', 'n1', ...lan.configuration],
    ...['--listen', '127.0.0.1:10266', ...lan.statusOptions, '--cleanup-on-exit'],
  )
})
afterAll(async () => {
  await api?.close()
  leaveNetwork()
  await lan?.remove()
})

async function metrics(): Promise<string> {
  return (await fetch('http://127.0.0.1:10266/metrics')).text()
}

/** The status of the only object of a kind, once it is as expected. */
function only(plural: string, is: (status: Manifest) => boolean): Promise<Manifest> {
  return api.until(() => {
    const { items } = api.get(`${metallb}/${plural}`)
    return items.length === 1 && is(items[0].status ?? {}) ? items[0] : undefined
  })
}

async function cluster(...words: readonly string[]) {
  return commandHere('cluster', ...words, '--kubeconfig', api.location().file)
}

test('a password that may not be read is told, and the session comes once it may', async () => {
  await eventually(async () => (await refusal(10266)) === undefined)
  const { problems } = await lan.announces((view) => view.problems.length > 0)
  expect(JSON.stringify(problems)).toContain('Secret metallb-system/tor')
  expect(await lan.prefixes()).toEqual([])
  api.refuses = () => undefined
  await lan.until(VIP)
  const { metadata, status } = await only('servicebgpstatuses', ({ peers }) => peers?.length === 1)
  expect(status).toEqual({
    ...{ node: 'n1', serviceName: 'web', serviceNamespace: 'shop', peers: ['tor'] },
  })
  expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: 'uid-1' }])
  await only('configurationstates', ({ result }) => result === 'Valid')
})

test('a second password that is missing, leaves the first session alone', async () => {
  const before = await lan.counters()
  api.apply(bgpPeer('other', { peerAddress: '10.0.0.253', passwordSecret: { name: 'none' } }))
  const { problems } = await lan.announces((view) => view.problems.length > 0)
  expect(JSON.stringify(problems)).toContain('metallb-system/none')
  const state = await only('configurationstates', ({ result }) => result === 'Invalid')
  expect(state.status.errorSummary).toContain('BGPPeer/other')
  expect(state.metadata.name).toBe('speaker-n1')
  api.call('DELETE', `${peers}/other`)
  await only('configurationstates', ({ result }) => result === 'Valid')
  expect(await lan.counters()).toEqual(before)
})

test('an API server that is gone changes no route, and what came meanwhile follows', async () => {
  const before = await lan.counters()
  api.down()
  api.apply(...bgpService('later', '198.51.100.11'))
  api.compact()
  await eventually(async () => /nodelb_watch_restarts_total\{[^}]*\} [1-9]/.test(await metrics()))
  expect(await lan.prefixes()).toEqual([VIP])
  api.up()
  await lan.until('198.51.100.11/32')
  api.endWatches()
  api.call('DELETE', '/api/v1/namespaces/shop/services/later')
  await lan.gone('198.51.100.11/32')
  expect(await lan.counters()).toEqual(before)
})

test('a token that is refused is read again from its file', async () => {
  api.token = 'another'
  api.endWatches()
  api.apply(...bgpService('fresh', '198.51.100.12'))
  await api.until(() => api.refused.includes(401))
  expect(await lan.prefixes()).toEqual([VIP])
  api.location()
  await lan.until('198.51.100.12/32')
})

test('what is announced on layer 2, too, is followed from then on, and its status written', async () => {
  lan.configure({})
  writeConfiguration(join(lan.folder, 'config.yaml'), {
    announce: {
      bgp: { enabled: true, frr: { sockets: lan.node.folder } },
      layer2: { enabled: true },
    },
  })
  api.apply({
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', spec: {} },
    metadata: { namespace: 'metallb-system', name: 'all' },
  })
  api.apply(...bgpService('near', '10.0.0.77'), pool('near', ['10.0.0.77/32']))
  await api.until(() =>
    api
      .get(`${metallb}/servicel2statuses`)
      .items.find(({ status }: Manifest) => status?.serviceName === 'near'),
  )
  await lan.until(VIP)
})

test('where the engine is frr-k8s an object has what the node announces, until BGP is turned off', async () => {
  const path = FRR_CONFIGURATIONS.replace('kube-system', 'metallb-system')
  api.missing.add('frrconfigurations')
  lan.configure({ engine: 'frr-k8s' })
  const { failure } = await lan.announces((view) => view.failure !== null)
  expect(failure).toContain('the cluster has no FRRConfigurations')
  api.missing.clear()
  const { spec } = await api.until(() => api.get(`${path}/nodelb-n1`))
  expect(spec.bgp.routers[0].neighbors).toMatchObject([{ address: '10.0.0.254', asn: 65000 }])
  expect(spec.bgp.routers[0].prefixes).toContain(VIP)
  lan.configure({ engine: 'frr-k8s', enabled: false })
  await api.until(() => api.get(`${path}/nodelb-n1`) === undefined)
  lan.configure({})
  await lan.until(VIP)
})

test('kubectl nodelb shows the whole cluster, and says what it may not read', async () => {
  const namespaces = Array.from({ length: 501 }, (_, at) => ({ metadata: { name: `ns-${at}` } }))
  for (const each of namespaces) api.call('POST', '/api/v1/namespaces', each)
  expect((await cluster('services')).out).toContain('198.51.100.10')
  expect((await cluster('pools')).out).toMatch(/vips +IPv4 +2 +254 /)
  expect((await cluster('announcers')).out).toContain('198.51.100.10')
  const whole = await cluster('status')
  expect(whole.said).toBe('')
  api.refuses = ({ path }) => (path === '/api/v1/pods' ? 403 : undefined)
  const { said, code } = await cluster('services')
  expect(said).toBe(
    'nodelb: Pods are not read: the server answers 403: GET /api/v1/pods is refused',
  )
  expect(code).toBe(2)
  api.missing.add('servicel2statuses')
  api.refuses = () => undefined
  expect((await cluster('services')).said).toBe('')
  api.down()
  expect(await cluster('services')).toMatchObject({ code: 2, out: '' })
  api.up()
})

test('with cleanup on exit the routes are taken back, and nothing of nodelb is left', async () => {
  expect(await agent.end()).toBe(0)
  expect(await lan.prefixes()).toEqual([])
  expect((await lan.node.tell('bgpd', 'show running-config'))[0]).not.toContain('router bgp')
})
