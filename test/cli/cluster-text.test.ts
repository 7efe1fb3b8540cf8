import { expect, test } from 'vitest'
import { type Manifest, ObjectApi } from '../support/object-api.ts'
import { typed, typedAs } from '../support/typed.ts'

/** How `kubectl nodelb` words what is full, empty, hidden or lost. */

const NAMESPACE = 'kube-system'

function node(name: string, last: number): Manifest {
  const addresses = [{ type: 'InternalIP', address: `192.168.1.${last}` }]
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { addresses } }
}

function metallb(kind: string, name: string, spec: object, version = 'v1beta1'): Manifest {
  return {
    apiVersion: `metallb.io/${version}`,
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec,
  }
}

interface Shape {
  readonly pool?: string
  readonly spec?: object
  /** The Nodes of its endpoints. */
  readonly on?: readonly string[]
}

function service(name: string, address: string, shape: Shape = {}): readonly Manifest[] {
  const { pool = 'small', spec = {}, on = ['n1'] } = shape
  const last = address.split(/[.:]/).at(-1)
  const annotations = { 'metallb.io/ip-allocated-from-pool': pool }
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Service' },
      metadata: { namespace: 'shop', name, ...{ annotations } },
      spec: {
        ...{ type: 'LoadBalancer', clusterIP: `10.96.0.${last}`, clusterIPs: [`10.96.0.${last}`] },
        ...{ ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
      },
      status: address === '' ? {} : { loadBalancer: { ingress: [{ ip: address }] } },
    },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: {
        ...{ namespace: 'shop', name: `${name}-1` },
        ...{ labels: { 'kubernetes.io/service-name': name } },
      },
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: on.map((nodeName, at) => ({
        addresses: [`10.42.${at}.${last}`],
        nodeName,
        conditions: { ready: true },
      })),
    },
  ]
}

function pod(name: string, nodeName?: string): Manifest {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name, namespace: NAMESPACE },
    spec: { nodeName, containers: [{ name: 'agent', image: 'nodelb:1' }] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

const small = metallb('IPAddressPool', 'small', { addresses: ['192.0.2.1-192.0.2.4'] })
const idle = metallb('IPAddressPool', 'idle', { addresses: ['203.0.113.0/24'] })
const lan = metallb('L2Advertisement', 'lan', {})
const nodes = [node('n1', 11), node('n2', 12)]

async function ask(objects: readonly Manifest[], ...words: readonly string[]): Promise<string> {
  const { kubeconfig } = await ObjectApi.start(objects)
  const { out, said } = await typed('cluster', ...words, '--kubeconfig', kubeconfig)
  expect(said).toEqual([])
  return out
}

const four = [1, 2, 3, 4].flatMap((last) => service(`web-${last}`, `192.0.2.${last}`))

test('a full pool is painted, an idle one has no bar, and Services beyond three are counted', async () => {
  const objects = [...nodes, small, idle, ...four]
  const out = await ask(objects, 'pools')
  expect(out).toMatch(
    /^small +IPv4 +4 +0 +\[#{10}\] 100 % +shop\/web-1, .*shop\/web-3 and 1 more$/m,
  )
  expect(out).toMatch(/^idle +IPv4 +0 +256 +\[\.{10}\] {3}0 % +-$/m)
  const { kubeconfig } = await ObjectApi.start(objects)
  const words = ['cluster', 'pools', '--kubeconfig', kubeconfig]
  const painted = await typedAs('nodelb', words, { colour: true, columns: 120 })
  expect(painted.out.split('\u001b[33m')).toHaveLength(2)
})

test('a cluster without any Service says so', async () => {
  const none = 'No Service has an address for clients outside, or waits for one.\n'
  expect(await ask(nodes, 'services')).toBe(none)
  expect(await ask(nodes, 'status')).not.toContain('SERVICE')
})

test('many rows in order are counted, and an agent without a Node has no row', async () => {
  const many = Array.from({ length: 40 }, (_, at) => {
    return service(`many-${at}`, `203.0.113.${at + 1}`, { pool: 'idle', on: ['n1'] })
  }).flat()
  const objects = [
    ...nodes,
    idle,
    ...many,
    pod('nodelb-a', 'n1'),
    pod('nodelb-b', 'n2'),
    pod('nodelb-c'),
  ]
  const out = await ask(objects, 'status')
  expect(out).toMatch(/^\d+ more rows in order; see services$/m)
  expect(out).toMatch(/^n2 +ready +0 +1 +- +- +- +-\n$/m)
})

test('a Service that waits is told what a controller would give it', async () => {
  const out = await ask([...nodes, small, ...service('new', '')], 'status')
  expect(out).toContain('a controller would give it 192.0.2.1, and none has done so yet')
})

test('a drain tells what moves, to whom, what nobody takes, and what is lost', async () => {
  const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 }
  const both = { on: ['n1', 'n2'] }
  const peer = { myASN: 64512, peerASN: 64513, peerAddress: '192.168.1.1' }
  const objects = [
    ...nodes,
    small,
    lan,
    metallb('BGPPeer', 'router', peer, 'v1beta2'),
    metallb('BGPAdvertisement', 'routed', {}),
    ...service('lost-b', '192.0.2.1', { spec: local }),
    ...service('lost-a', '192.0.2.2'),
    ...service('kept', '192.0.2.3', both),
  ]
  const out = await ask(objects, 'drain', 'n1', '--dry-run')
  expect(out).toMatch(
    /^Services that lose their last endpoint:\n {2}shop\/lost-a {2}connections are refused until a Pod is ready elsewhere\n {2}shop\/lost-b {2}policy Local: no other Node announces or serves it until a Pod is ready elsewhere\n/,
  )
  expect(out).toContain('192.0.2.1  shop/lost-b  nobody takes it\n')
  expect(out).toMatch(/192\.0\.2\.1 {2}shop\/lost-b {2}stays announced by no Node\n/)
  expect(out).toMatch(/192\.0\.2\.3 {2}shop\/kept {4}stays announced by n2\n/)
})

test('a drain that changes nothing says so', async () => {
  const objects = [...nodes, small, ...service('web', '192.0.2.1', { on: ['n1'] })]
  expect(await ask(objects, 'drain', 'n2', '--dry-run')).toBe('Nothing changes without n2.\n')
})

test('the announcers of one Node are those that it may announce', async () => {
  const objects = [...nodes, small, lan, ...service('web', '192.0.2.1')]
  const out = await ask(objects, 'announcers', '--node', 'n2')
  expect(out).toContain('n2  announces')
  expect(out).not.toContain('n1  announces')
})
