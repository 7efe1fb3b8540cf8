import { expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import { difference } from '../../src/dataplane/difference.ts'
import { claimKinds } from '../../src/frontend/claims.ts'
import { labelOf, ownerIn, ownerOf } from '../../src/frontend/label-text.ts'
import { frontendLabel, namesOf, portOfFrontend, serviceLabel } from '../../src/frontend/labels.ts'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import type { NodeView } from '../../src/model/node.ts'
import type { ServiceObject, ServicePort } from '../../src/model/service.ts'
import { serviceName } from '../../src/model/service-name.ts'
import { renderCluster } from '../../src/render/render.ts'

const LONGEST = 127 // NFTNL_UDATA_COMMENT_MAXLEN without its NUL
const namespace = `${'tenant-'.repeat(8)}payment`
const name = `${'checkout-'.repeat(6)}frontend9`
const port = 'https-with-proxy-protocol-v2-external'

function service(last: string): ServiceObject {
  return {
    namespace,
    name: name.slice(0, -1) + last,
    created: '',
    clusterAddresses: ['10.96.0.1' as Address],
    externalAddresses: [],
    loadBalancerAddresses: ['203.0.113.9' as Address],
    sourceRanges: [],
    internalPolicy: 'cluster',
    externalPolicy: 'cluster',
    affinity: { kind: 'none' },
    healthCheckPort: undefined,
    ports: [{ name: port, protocol: 'tcp', port: 443 as Port, nodePort: 30443 as Port }],
  }
}

test('what belongs to none of the Services is named as its label says', () => {
  const nameOf = namesOf([service('1')])
  expect(nameOf(serviceLabel(service('1')))).toBe(serviceName(service('1')))
  expect(nameOf(ownerOf('shop/gone'))).toBe('shop/gone')
})

test('a label holds whole names where they fit', () => {
  expect(labelOf('shop/web', port, 'load-balancer')).toBe(`shop/web:${port} load-balancer`)
  const owner = 'n'.repeat(97)
  const label = labelOf(owner, 'p'.repeat(15), 'load-balancer')
  expect(label).toBe(`${owner}:${'p'.repeat(15)} load-balancer`)
  expect(label).toHaveLength(LONGEST)
})

test('the longest names give labels that fit and tell Services apart', () => {
  for (const kind of claimKinds) {
    const of = (last: string): string => {
      const each = service(last)
      const [claim] = [...each.ports]
      if (claim === undefined) throw new Error('no port')
      return frontendLabel(each, { kind, port: claim })
    }
    expect(of('1').length).toBeLessThanOrEqual(LONGEST)
    expect(ownerIn(of('1'))).toBe(serviceLabel(service('1')))
    expect(ownerIn(of('1'))).not.toBe(ownerIn(of('2')))
    expect(labelOf('a/b', `${'p'.repeat(62)}1`, kind)).toBe(
      labelOf('a/b', `${'p'.repeat(62)}1`, kind),
    )
  }
  const ports = ['1', '2'].map((last) =>
    labelOf(`${namespace}/${name}`, `${'p'.repeat(62)}${last}`, 'x'),
  )
  expect(new Set(ports).size).toBe(2)
  // What is cut is as long as may be, and is not cut again.
  const owner = ownerOf(`${namespace}/${name}`)
  expect(ownerOf(owner)).toBe(owner)
  expect(owner.startsWith(`${namespace}/`)).toBe(true)
})

test('a frontend is of the port that has its protocol and number, at the node or elsewhere', () => {
  const [own] = service('1').ports
  if (own?.nodePort === undefined) throw new Error('no port')
  // Without a name, and its number is that of the other one at the node.
  const unnamed = { name: '', protocol: 'tcp' as const, port: own.nodePort, nodePort: undefined }
  const each = { ...service('1'), ports: [unnamed, own] }
  const of = (kind: (typeof claimKinds)[number], port: ServicePort, at: ServicePort['port']) =>
    portOfFrontend(each, frontendLabel(each, { kind, port }), { protocol: 'tcp', port: at })
  expect(of('cluster-ip', unnamed, unnamed.port)).toBe(unnamed)
  expect(of('load-balancer', own, own.port)).toBe(own)
  expect(of('node-port', own, own.nodePort)).toBe(own)
  expect(of('external-ip', own, 1 as Port)).toBeUndefined()
  const label = frontendLabel(each, { kind: 'cluster-ip', port: own })
  expect(portOfFrontend(each, label, { protocol: 'udp', port: own.port })).toBeUndefined()
})

test('names come from the Services that are known, not from labels', () => {
  const known = [service('1'), service('2')]
  const nameOf = namesOf(known)
  expect(known.map((each) => nameOf(serviceLabel(each)))).toEqual(known.map(serviceName))
  const renderer = renderCluster({ services: known, slices: [] }, node, settings('nftables'))
  expect(known.map((each) => renderer.nameOf(serviceLabel(each)))).toEqual(known.map(serviceName))
})

const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1' as Address],
  podCidrs: ['10.244.1.0/24' as Cidr],
}

function settings(backend: string) {
  return toSettings({ ...defaultConfig, scope: 'all' }, node, { backend }).settings
}

test.each(['nftables', 'iptables', 'ipvs'])(
  'with %s a Service of a long name that cannot be read any more stays',
  (backend) => {
    const whole = [service('1'), { ...service('2'), clusterAddresses: ['10.96.0.2' as Address] }]
    const services = whole.map((each, at) => ({
      ...each,
      loadBalancerAddresses: [`203.0.113.${at + 1}` as Address],
      ports: each.ports.map((it) => ({ ...it, nodePort: (30443 + at) as Port })),
    }))
    const slices = services.map((each) => ({
      namespace: each.namespace,
      name: `${each.name}-a`,
      service: each.name,
      family: 'ipv4' as const,
      ports: [{ name: port, protocol: 'tcp' as const, port: 8443 as Port }],
      endpoints: [
        {
          address: '10.244.1.2' as Address,
          nodeName: 'node-a',
          ready: true,
          serving: true,
          terminating: false,
          zones: undefined,
          nodes: undefined,
        },
      ],
    }))
    const goal = { cluster: { services, slices }, node, settings: settings(backend) }
    const [first, second] = services
    if (first === undefined || second === undefined) throw new Error('no Services')
    const rest = { cluster: { services: [second], slices }, node, settings: settings(backend) }
    const kept = difference(goal, { ...rest, unreadable: new Set([serviceName(first)]) })
    expect([...kept.operations]).toEqual([])
    // Only its own elements are: without `keep` they go, and those of the other Service stay.
    const gone = [...difference(goal, rest).operations]
    const owners = new Set(
      gone.flatMap(({ owner }) => (owner === undefined ? [] : [ownerIn(owner)])),
    )
    expect([...owners]).toEqual([serviceLabel(first)])
  },
)
