import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { typed } from '../support/typed.ts'

/** What `nodelb explain` says of packets that meet the rules of files. */

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-explain-text-'))
afterAll(() => rmSync(folder, { recursive: true }))

const CLIENT = '198.51.100.7'
const POD = '10.244.1.10'

function written(name: string, content: object | string): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** The file of the Node node-a, and the options that name it. */
const NODE = [`${fixtures}cluster-ip/node.yaml`, '--node', 'node-a', '--scope', 'all']

async function explained(objects: string, to: string, ...more: readonly string[]): Promise<string> {
  const file = objects.endsWith('.json') ? objects : `${fixtures}${objects}/input.yaml`
  const { code, out, said } = await typed('explain', '-f', file, ...NODE, '--to', to, ...more)
  expect({ code, said }).toEqual({ code: 0, said: [] })
  return out
}

interface Shape {
  readonly spec?: object
  readonly endpoints?: readonly string[]
}

/** A Service with the address 203.0.113.10 and port 80, and endpoints on several nodes. */
function shop({ spec = {}, endpoints = [POD, '10.244.2.10'] }: Shape): string {
  const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }]
  const metadata = { namespace: 'shop', name: 'web' }
  const service = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.10', ports, ...spec },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
  }
  const slice = {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { ...metadata, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map((address) => ({
      addresses: [address],
      nodeName: address.startsWith('10.244.1.') ? 'node-a' : 'node-b',
      conditions: { ready: true },
    })),
  }
  return written('shop.json', { apiVersion: 'v1', kind: 'List', items: [service, slice] })
}

const VIP = '203.0.113.10:80'

describe('what becomes of a packet', () => {
  test('to an endpoint of another node, from outside: its answers have to come back here', async () => {
    const out = await explained(shop({}), VIP, '--from', CLIENT, '--in', 'eth7')
    expect(out).toBe(`\
${CLIENT} -> ${VIP}/tcp, in by eth7: delivered
  Service   shop/web:http load-balancer
  policy    Cluster: endpoints on any node
  endpoint  10.244.1.10:8080  1 of 2
            10.244.2.10:8080  1 of 2
  sees      the node's address on the way there, masqueraded: policy Cluster: the endpoint may be on another node, and answers have to come back here

  7 rules; --full shows them
`)
  })

  test('from a pod of another node to a ClusterIP: it is masqueraded, and not for its own kind', async () => {
    const cluster = '10.96.0.10:80'
    const own = await explained(shop({}), cluster, '--from', '10.244.1.99')
    expect(own).toContain('sees      10.244.1.99, as it came: it comes from a pod\n')
    const other = await explained(shop({}), cluster, '--from', '10.244.2.99')
    expect(other).toContain('masqueraded: traffic to a ClusterIP that does not come from pods\n')
    const itself = await explained(shop({}), cluster, '--from', POD)
    expect(itself).toContain('a pod that reaches itself, and would answer itself past the node')
    expect(itself).toContain(`${POD}, as it came: it comes from a pod (10.244.2.10:8080)\n`)
  })

  test('with policy Local: endpoints here, and the client stays whom it was', async () => {
    const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 }
    const out = await explained(shop({ spec: local }), VIP, '--from', CLIENT)
    expect(out).toContain('policy    Local: endpoints on this node only\n')
    expect(out).toContain(`endpoint  ${POD}:8080  always\n`)
    expect(out).toContain(`sees      ${CLIENT}, as it came: policy Local keeps it\n`)
    const pod = await explained(shop({ spec: local }), VIP, '--from', '10.244.1.99')
    expect(pod).toContain('Local, but pods and the node itself may use endpoints on any node\n')
    const elsewhere = shop({ spec: local, endpoints: ['10.244.2.10'] })
    expect(await explained(elsewhere, VIP, '--from', CLIENT)).toContain(
      ': dropped\n  Service  shop/web:http load-balancer\n  policy   Local: endpoints on this node only\n  why      policy Local, and the endpoints are on other nodes only\n',
    )
  })

  test('with session affinity: where it stays', async () => {
    const sticky = { sessionAffinity: 'ClientIP' }
    const one = await explained(shop({ spec: sticky, endpoints: [POD] }), VIP, '--from', CLIENT)
    expect(one).toContain('affinity  ClientIP: the client stays with this endpoint\n')
    const two = await explained(shop({ spec: sticky }), VIP, '--from', CLIENT)
    expect(two).toContain('ClientIP: the client is not remembered yet, and will stay where this')
  })

  test('without endpoints: TCP is reset, UDP is told that the port is unreachable', async () => {
    const none = (protocol: string) =>
      shop({ spec: { ports: [{ name: 'http', port: 80, protocol }] }, endpoints: [] })
    const tcp = await explained(none('TCP'), VIP, '--from', CLIENT)
    expect(tcp).toContain(': refused\n')
    expect(tcp).toContain('why      no endpoint of the Service can serve, here or elsewhere\n')
    expect(tcp).toContain('with     a TCP reset\n')
    const udp = await explained(none('UDP'), `${VIP}/udp`, '--from', CLIENT)
    expect(udp).toContain('with     ICMP port unreachable\n')
  })

  test('to a port that no Service offers there: which ports it has', async () => {
    const vip = await explained(shop({}), '203.0.113.10:81', '--from', CLIENT)
    expect(vip).toContain(': not ours\n')
    expect(vip).toContain('known there  tcp 80: shop/web:http load-balancer\n')
    const cluster = await explained(shop({}), '10.96.0.10:81', '--from', '10.244.1.99')
    expect(cluster).toContain(': refused\n')
    expect(cluster).toContain('an address of Services on which none offers this port and protocol')
    expect(cluster).toContain('known there  tcp 80: shop/web:http cluster-ip\n')
  })

  test('from a client that loadBalancerSourceRanges does not list', async () => {
    const spec = { loadBalancerSourceRanges: ['192.0.2.0/24'] }
    const out = await explained(shop({ spec }), VIP, '--from', CLIENT)
    expect(out).toContain(
      'why      loadBalancerSourceRanges of the Service do not list the client\n',
    )
  })

  test('to an address of nobody: the rules that looked at it are counted', async () => {
    const out = await explained(shop({}), '192.0.2.99:9', '--from', CLIENT)
    expect(out).toMatch(
      /^198\.51\.100\.7 -> 192\.0\.2\.99:9\/tcp: not ours\n {2}why {2}no Service asks for this; it goes where the routing table says\n\n {2}\d+ rules?; --full shows (it|them)\n$/,
    )
  })

  test('from a pod comes in by the interface that the configuration names for pods', async () => {
    const by = async (mode: string, detect: string): Promise<string> => {
      const head =
        'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n'
      const config = written(
        'proxy.yaml',
        `${head}detectLocalMode: ${mode}\ndetectLocal: {${detect}}\n`,
      )
      return explained(shop({}), '10.96.0.10:80', '--from', '10.244.1.99', '--config', config)
    }
    expect(await by('BridgeInterface', 'bridgeInterface: cni0')).toContain(
      ', in by cni0: delivered',
    )
    const prefix = await by('InterfaceNamePrefix', 'interfaceNamePrefix: cali')
    expect(prefix).toContain(', in by cali: delivered')
  })

  test('of IPv6 has its address in brackets', async () => {
    const out = await explained('dual-stack-policy-local', '[2001:db8:100::61]:80')
    expect(out).toContain('-> [2001:db8:100::61]:80/tcp, sent by the node: delivered\n')
  })
})

describe('the rules, with --full', () => {
  test('that all ways have in common come first, then those of some', async () => {
    const spec = { sessionAffinity: 'ClientIP' }
    const endpoints = [1, 2, 3, 4, 5].map((last) => `10.244.2.${last}`)
    const out = await explained(shop({ spec, endpoints }), VIP, '--from', CLIENT, '--full')
    expect(out.match(/^ {2}then, to 10\.244\.2\.\d:8080$/gm)).toHaveLength(3)
    expect(out).toContain('\n  and 2 more, by rules of the same kind (-o json has all)\n')
  })

  test('of iptables that choose an endpoint stand together', async () => {
    const out = await explained(shop({}), VIP, '--from', CLIENT, '--full', '--backend', 'iptables')
    expect(out).toMatch(/\n {4}nat NODELB-S-\S+: one of\n {6}-p tcp -m statistic/)
    expect(out).toMatch(/\n {6}-p tcp -j DNAT --to-destination 10\.244\.2\.10:8080\n/)
  })

  test('name elements, the first ten', async () => {
    const endpoints = Array.from({ length: 14 }, (_, at) => `10.244.2.${at + 1}`)
    const out = await explained(shop({ endpoints }), VIP, '--from', CLIENT, '--full')
    expect(out.match(/^ {6}@endpoints /gm)).toHaveLength(9)
    expect(out).toContain('\n      and 5 more\n')
  })

  test('of ipvs are the virtual server, with its destinations and its persistence', async () => {
    const ipvs = ['--from', CLIENT, '--full', '--backend', 'ipvs']
    const plain = await explained(shop({}), VIP, ...ipvs)
    expect(plain).toContain(
      `    ipvs: -t ${VIP} rr\n      -> 10.244.1.10:8080 masq\n      -> 10.244.2.10:8080 masq\n`,
    )
    const sticky = await explained(shop({ spec: { sessionAffinity: 'ClientIP' } }), VIP, ...ipvs)
    expect(sticky).toContain(`    ipvs: -t ${VIP} rr persistent 10800\n`)
  })

  test('of ipvs without a destination refuse', async () => {
    const out = await explained(shop({ endpoints: [] }), VIP, '--backend', 'ipvs', '--from', CLIENT)
    expect(out).toContain(': refused\n')
  })
})

describe('for programs', () => {
  test('every field is there, as null where it has no value', async () => {
    const out = await explained(shop({}), '192.0.2.99:9', '--from', CLIENT, '-o', 'json')
    expect(JSON.parse(out)).toMatchObject({
      packet: { from: CLIENT, to: '192.0.2.99', port: 9, sentBy: 'other', interface: null },
      ...{ of: 'files', address: null, announced: null, bgp: null, doubts: [] },
      ways: [{ odds: 1, service: null, policy: null, reach: null, sticky: false, besides: [] }],
    })
    const node = await explained(shop({}), VIP, '-o', 'json')
    expect(JSON.parse(node).packet).toMatchObject({ sentBy: 'node', interface: null })
    const by = await explained(shop({}), VIP, '--from', CLIENT, '--in', 'eth7', '-o', 'json')
    expect(JSON.parse(by).packet).toMatchObject({ sentBy: 'other', interface: 'eth7' })
  })

  test('an address has its pool, and the reason for it', async () => {
    const golden = fileURLToPath(new URL('../golden/explain/', import.meta.url))
    const file = `${golden}announced-here.yaml`
    const words = ['explain', '-f', file, '--node', 'n1', '--to', '203.0.113.30:80', '-o', 'json']
    expect(JSON.parse((await typed(...words)).out).address).toEqual({
      ...{ pool: 'home', reason: 'The Service keeps what it has' },
    })
  })

  test('a Service is a list, with an answer for each of its addresses', async () => {
    const answers = JSON.parse(await explained(shop({}), 'shop/web', '-o', 'json'))
    expect(answers.map((each: { packet: { to: string } }) => each.packet.to)).toEqual([
      '203.0.113.10',
      '10.96.0.10',
    ])
  })
})

describe('what is asked', () => {
  const wrong = async (...words: readonly string[]) => {
    const { code, out, said } = await typed('explain', '-f', shop({}), ...NODE, ...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    return said
  }

  test('may name a port of a Service by its name or its number', async () => {
    for (const port of ['http', '80']) {
      const out = await explained(shop({}), `shop/web:${port}`, '--from', CLIENT)
      expect(out.match(/: delivered$/gm)).toHaveLength(2)
    }
    expect(await wrong('--to', 'shop/web:https')).toEqual([
      'nodelb: --to: found "shop/web:https", expected a Service that has an address here, of the family of --from; its ports: http',
    ])
    expect(await wrong('--to', 'shop/none')).toEqual([
      'nodelb: --to: found "shop/none", expected a Service that has an address here, of the family of --from',
    ])
  })

  test('with an address of the other family is refused', async () => {
    expect(await wrong('--to', VIP, '--from', '2001:db8::1')).toEqual([
      'nodelb: --from: found "2001:db8::1", expected an IPv4 address, as --to',
    ])
    expect(await wrong('--to', '[2001:db8::1]:80', '--from', CLIENT)).toEqual([
      `nodelb: --from: found "${CLIENT}", expected an IPv6 address, as --to`,
    ])
    expect((await wrong('--to', 'shop/web', '--from', '2001:db8::1'))[0]).toMatch(/of the family/)
  })

  test('wrongly in several ways is told at once', async () => {
    expect(await wrong('--to', '203.0.113.10', '--from', 'me', '--in', 'eth0')).toEqual([
      'nodelb: --from: found "me", expected an address',
      expect.stringMatching(/^nodelb: --to: found "203\.0\.113\.10", expected ADDRESS:PORT, such/),
    ])
    expect(await wrong('--to', VIP, '--in', 'eth0')).toEqual([
      'nodelb: --in: found "eth0", expected --from beside it: who comes in there',
    ])
    expect((await wrong('--to', '203.0.113.10:99999'))[0]).toMatch(/^nodelb: --to: found/)
  })
})
