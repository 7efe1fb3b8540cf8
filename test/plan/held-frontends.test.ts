import { describe, expect, test } from 'vitest'
import type { Address, Port } from '../../src/model/address.ts'
import { nodePortKey, vipKey } from '../../src/model/frontend-id.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import { frontendsOfServers } from '../../src/plan/ipvs/held-frontends.ts'
import { frontendsInTables } from '../../src/plan/nftables/held-frontends.ts'
import type { VirtualServer } from '../../src/ruleset/ipvs/types.ts'
import type { ElementValue, Ruleset } from '../../src/ruleset/nftables/types.ts'

/** Reading frontends back from tables that others may have written into. */

const VIP = vipKey('203.0.113.1', 'tcp', 80)
const LABEL = 'shop/web:http load-balancer'

type Elements = Readonly<Record<string, Readonly<Record<string, ElementValue>>>>

function table(elements: Elements): Ruleset {
  const sets = Object.entries(elements).map(([set, values]) => {
    return [set, new Map(Object.entries(values) as [Tuple, ElementValue][])] as const
  })
  return { ip: { family: 'ip', sets: new Map(), chains: new Map(), elements: new Map(sets) } }
}

describe('tables', () => {
  test('an endpoint that somebody deleted is missing, whichever it is', () => {
    const endpoints = { [tuple(VIP, 1)]: { data: tuple('10.244.1.11', 8080) } }
    const held = frontendsInTables(table({ services: { [VIP]: { comment: LABEL } }, endpoints }))
    expect(held).toEqual([
      {
        ...{ family: 'ip', id: VIP, label: LABEL, isLocal: false, inside: undefined },
        ...{ unserved: undefined, sources: undefined, remembered: undefined },
        endpoints: ['10.244.1.11 . 8080'],
      },
    ])
  })

  test('an element without a comment is not one of a Service, and one without data leads nowhere', () => {
    const services = { [VIP]: {}, [vipKey('203.0.113.2', 'tcp', 80)]: { comment: LABEL } }
    const endpoints = { [tuple(vipKey('203.0.113.2', 'tcp', 80), 0)]: {} }
    const held = frontendsInTables(table({ services, endpoints }))
    expect(held).toMatchObject([{ id: vipKey('203.0.113.2', 'tcp', 80), endpoints: [] }])
  })

  test('what is dropped, refused, restricted, local and remembered', () => {
    const other = vipKey('203.0.113.2', 'tcp', 80)
    const front = tuple(VIP, '10.244.1.11', 8080)
    const foreign = tuple(other, '10.244.1.12', 8080)
    const held = frontendsInTables(
      table({
        services: { [VIP]: { comment: LABEL } },
        'no-local-endpoints': { [VIP]: { comment: LABEL } },
        'no-endpoints': { [other]: { comment: 'shop/api:http load-balancer' } },
        'local-services': { [VIP]: {} },
        restricted: { [VIP]: {}, [other]: {} },
        'allowed-sources': { [tuple(VIP, '192.0.2.0/24')]: {}, [tuple(VIP, '10.0.0.1')]: {} },
        'seated-services': { [front]: { data: 'goto remember-600-0' as Tuple }, [foreign]: {} },
      }),
    )
    expect(held).toMatchObject([
      {
        ...{ id: VIP, unserved: 'drop', isLocal: true, endpoints: [], inside: [] },
        ...{ sources: ['10.0.0.1', '192.0.2.0/24'], remembered: 600 },
      },
      { id: other, unserved: 'reject', sources: [], remembered: undefined },
    ])
  })
})

describe('virtual servers', () => {
  function server(weights: readonly number[]): VirtualServer {
    const destinations = weights.map((weight, at) => {
      const [address, port] = [`10.244.1.${at}` as Address, 8080 as Port]
      return [tuple(address, port), { address, port, weight, method: 'masq' as const }] as const
    })
    return {
      ...{ address: '203.0.113.1' as Address, protocol: 'tcp', port: 80 as Port },
      ...{ scheduler: 'rr', schedulerFlags: 0, persistence: 600 },
      destinations: new Map(destinations),
    }
  }

  test('destinations that get no new connections are told apart', () => {
    const tables = table({ services: { [VIP]: { comment: LABEL } } })
    const servers = new Map([[VIP, server([1, 0, 1])]])
    expect(frontendsOfServers(tables, servers)).toMatchObject([
      {
        endpoints: ['10.244.1.0 . 8080', '10.244.1.2 . 8080'],
        draining: ['10.244.1.1 . 8080'],
        remembered: 600,
      },
    ])
  })

  test('one that somebody deleted leads nowhere', () => {
    const tables = table({ services: { [VIP]: { comment: LABEL } } })
    expect(frontendsOfServers(tables, new Map())).toMatchObject([{ id: VIP, endpoints: [] }])
  })

  test('a NodePort is one frontend at all addresses, and a health-check port is none', () => {
    const services = {
      [vipKey('192.0.2.1', 'tcp', 30080)]: { comment: 'shop/web:http node-port' },
      [vipKey('192.0.2.9', 'tcp', 30080)]: { comment: 'shop/web:http node-port' },
      [vipKey('203.0.113.1', 'tcp', 31000)]: { comment: 'shop/web' },
    }
    const [only, ...more] = frontendsOfServers(table({ services }), new Map())
    expect(only?.id).toBe(nodePortKey('tcp', 30080))
    expect(more).toEqual([])
  })
})
