import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { RealLan } from '../support/real-lan.ts'
import type { Api } from './support/api.ts'
import { ApiServer } from './support/apiserver.ts'
import { installAccount, installKinds, paths, pool } from './support/controllers.ts'
import { Door } from './support/door.ts'
import { install } from './support/install.ts'

const nodes = ['n1', 'n2']
const names = ['web-0', 'web-1', 'web-2', 'web-3']
const statuses = '/apis/metallb.io/v1beta1/namespaces/kube-system/servicel2statuses'
const slices = '/apis/discovery.k8s.io/v1/namespaces'

const KEY = 'the key of all agents of this test'

let server: ApiServer
let admin: Api
let lan: RealLan
let doors: Door[] = []

beforeAll(async () => {
  server = await ApiServer.start()
  admin = server.admin
  await install(admin)
  await installKinds(server)
  await installAccount(server, 'layer2')
  await place()
  const token = await server.serviceAccountToken('kube-system', 'nodelb')
  lan = await RealLan.build({
    nodes,
    services: 0,
    source: ['--kubeconfig', server.kubeconfig({ token })],
    confine: (command) => [...WITH_CAPABILITIES, ...command],
  })
  doors = await Promise.all(nodes.map((name) => Door.open(lan.namespace(name), server.port)))
  for (const name of nodes) lan.setKey(name, KEY)
  await Promise.all(nodes.map((name) => lan.start(name)))
  await lan.watch(names.map(addressOf))
  for (const name of nodes) await lan.announces(name, ({ settled }) => settled)
}, 600_000)

afterAll(async () => {
  // The doors end before the namespaces in which they stand, and what runs there, are removed.
  await Promise.all(doors.map((door) => door.close()))
  await lan?.remove()
  await server?.stop()
})

beforeEach(async () => {
  await eventually(async () => (await announcers()).size === names.length)
  await lan.report()
})

/** As deploy/ has them with components/layer2. */
const WITH_CAPABILITIES = [
  ...['setpriv', '--bounding-set=-all,+net_admin,+net_raw', '--inh-caps=-all'],
  ...['--ambient-caps=-all', '--no-new-privs', '--'],
]

function addressOf(name: string): string {
  return `192.0.2.${200 + names.indexOf(name)}`
}

/** Two Nodes with an agent and one without, a pool with its advertisement, and Services. */
async function place(): Promise<void> {
  for (const [at, name] of [...nodes, 'n3'].entries()) {
    await admin.call('POST', '/api/v1/nodes', { metadata: { name } })
    const status = { addresses: [{ type: 'InternalIP', address: `192.0.2.${at + 1}` }] }
    await admin.call('PATCH', `/api/v1/nodes/${name}/status`, { status })
  }
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.200-192.0.2.220']))
  const advertisements = paths.pools.replace('ipaddresspools', 'l2advertisements')
  await admin.call('POST', advertisements, {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'lan' },
  })
  await placeSlice('kube-system', 'nodelb-agents', nodes)
  for (const name of names) {
    await placeSlice('default', name, ['n1'])
    await admin.call('POST', paths.services('default'), {
      metadata: { name },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080 }] },
    })
    const status = { loadBalancer: { ingress: [{ ip: addressOf(name) }] } }
    await admin.call('PATCH', `${paths.services('default')}/${name}/status`, { status })
  }
}

async function placeSlice(
  namespace: string,
  service: string,
  on: readonly string[],
): Promise<void> {
  await admin.call('POST', `${slices}/${namespace}/endpointslices`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: service, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ port: 8080 }],
    endpoints: on.map((name) => ({
      addresses: ['10.244.0.10'],
      conditions: { ready: true },
      nodeName: name,
    })),
  })
}

/** What an Event says. */
interface Said {
  readonly reason: string
  readonly type: string
  readonly note: string
  readonly regarding: { readonly kind: string; readonly name: string }
}

/** What a ConfigurationState says. */
interface Told {
  readonly result?: string
  readonly errorSummary?: string
}

/** Which Node announces each Service, as the statuses say it. */
async function announcers(): Promise<ReadonlyMap<string, string>> {
  const { items } = await admin.call('GET', statuses)
  return new Map(
    items.map(({ status }: { status?: Record<string, string> }) => [
      `${status?.['serviceNamespace']}/${status?.['serviceName']}`,
      status?.['node'],
    ]),
  )
}

/** The Events that tell which Node announces a Service. */
async function assigned(): Promise<readonly string[]> {
  const { items } = await admin.call('GET', '/apis/events.k8s.io/v1/namespaces/default/events')
  return items
    .filter(({ reason }: Said) => reason === 'nodeAssigned')
    .map(
      ({ type, regarding, note }: Said) => `${type} ${regarding.kind} ${regarding.name}: ${note}`,
    )
}

/** Who should, and does, answer. */
async function held(): Promise<Record<string, string | undefined>> {
  const holders = await lan.holders()
  return Object.fromEntries(names.map((name) => [`default/${name}`, holders[addressOf(name)]]))
}

/** Starts the agent of a node again, with this key. */
async function restart(name: string, key: string): Promise<void> {
  await lan.agent(name).end('SIGTERM')
  lan.setKey(name, key)
  await lan.start(name)
}

describe('agents of an API server', () => {
  test('write who announces each Service, as status, Event and metric', async () => {
    const { addresses } = await lan.announces('n1')
    const owners = Object.fromEntries(addresses.map(({ services, owner }) => [services[0], owner]))
    await eventually(async () => {
      return (
        JSON.stringify(Object.entries(await held()).sort()) ===
        JSON.stringify(Object.entries(owners).sort())
      )
    })
    await eventually(async () => {
      const written = Object.fromEntries(await announcers())
      return names.every((name) => written[`default/${name}`] === owners[`default/${name}`])
    })
    for (const name of names) {
      const node = owners[`default/${name}`]
      const said = `Normal Service ${name}: announcing from node "${node}" with protocol "layer2"`
      // An Event is written beside the status, before or after it.
      await eventually(async () => (await assigned()).includes(said))
      const metrics = await lan.run(node ?? '', ['curl', '-s', 'http://127.0.0.1:10266/metrics'])
      const labels = `service="default/${name}",protocol="layer2",node="${node}",ip="${addressOf(name)}"`
      expect(metrics).toContain(`metallb_speaker_announced{${labels}} 1`)
      expect(metrics).toMatch(
        new RegExp(`metallb_layer2_responses_sent\\{ip="${addressOf(name)}"\\} [1-9]`),
      )
    }
  })

  test('name a bad L2Advertisement in the ConfigurationState of each Node until it is gone', async () => {
    const states = statuses.replace('servicel2statuses', 'configurationstates')
    const summaries = async (): Promise<readonly string[]> => {
      const { items } = await admin.call('GET', states)
      return items.map(({ metadata, status }: { metadata: { name: string }; status?: Told }) => {
        return `${metadata.name}: ${status?.errorSummary ?? status?.result}`
      })
    }
    const are = (expected: readonly string[]): Promise<void> => {
      return eventually(async () => String(await summaries()) === String(expected))
    }
    await are(['speaker-n1: Valid', 'speaker-n2: Valid'])
    const advertisements = paths.pools.replace('ipaddresspools', 'l2advertisements')
    await admin.call('POST', advertisements, {
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'wan' } },
      spec: { ipAddressPools: ['absent'] },
    })
    await eventually(async () => (await summaries()).every((each) => /absent/.test(each)))
    const [first = ''] = await summaries()
    expect(first).toMatch(/^speaker-n1: L2Advertisement\/wan: .*absent/)
    await admin.call('DELETE', `${advertisements}/wan`)
    await are(['speaker-n1: Valid', 'speaker-n2: Valid'])
  })

  test('leave out a Node without an agent', async () => {
    const { addresses } = await lan.announces('n2')
    for (const { candidates } of addresses) expect([...candidates].sort()).toEqual(nodes)
  })

  test('change nothing while the API server is away', async () => {
    const before = await held()
    await Promise.all(doors.map((door) => door.close()))
    for (const name of nodes) {
      lan.agent(name).rewind()
      await lan.agent(name).next('watch-lost')
    }
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0, doubles: 0 })
    expect(await held()).toEqual(before)
    doors = await Promise.all(nodes.map((name) => Door.open(lan.namespace(name), server.port)))
  })

  test('tell of one with another key, and go on as they were until it has the right one', async () => {
    const before = await held()
    const written = Object.fromEntries(await announcers())
    const members = async (of: string): Promise<readonly string[]> => {
      const lines = await lan.metrics(of)
      return lines.filter((line) => /^nodelb_announce_members\{.* 1$/.test(line))
    }
    await restart('n1', 'quite another key than that')
    for (const [of, foreign] of [
      ['n1', 'n2'],
      ['n2', 'n1'],
    ] as const) {
      expect(await lan.agent(of).next('members-problem')).toMatchObject({
        about: 'foreign-key',
        reason: expect.stringContaining(`beats of ${foreign} are signed with another key`),
      })
    }
    await eventually(async () => {
      return String(await members('n2')) === 'nodelb_announce_members{state="dead"} 1'
    })
    expect((await lan.announcing('n2')).join('\n')).toContain('other agents: n1 dead')
    // The MAC address of one that was never heard is a stranger's.
    const addresses = names.filter((name) => before[`default/${name}`] === 'n2').map(addressOf)
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses) {
      const isOfIt = (line: Readonly<Record<string, unknown>>) => line['address'] === address
      lan.agent('n1').rewind()
      expect(await lan.agent('n1').next('announce-conflict', isOfIt)).toMatchObject({
        mac: lan.mac('n2'),
      })
    }
    expect(await held()).toEqual(before)
    expect(Object.fromEntries(await announcers())).toEqual(written)
    await restart('n1', KEY)
    await lan.agent('n2').next('members-in-order')
    await eventually(async () => {
      return String(await members('n2')) === 'nodelb_announce_members{state="live"} 1'
    })
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0, doubles: 0 })
    expect(await held()).toEqual(before)
  })

  test('replace the status of one that died', async () => {
    const [name = ''] = names
    const holder = (await held())[`default/${name}`] ?? ''
    const other = nodes.find((each) => each !== holder) ?? ''
    await lan.cable(holder, 'out')
    await lan.agent(holder).end('SIGKILL')
    for (const each of names) await lan.until(addressOf(each), other)
    await eventually(async () => {
      const { items } = await admin.call('GET', statuses)
      const all = await announcers()
      return items.length === names.length && [...all.values()].every((node) => node === other)
    })
  })
})
