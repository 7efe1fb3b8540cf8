import { describe, expect, test } from 'vitest'
import { ownerOf } from '../../src/frontend/label-text.ts'
import type { Address } from '../../src/model/address.ts'
import { servicesIn, shownIptables } from '../../src/plan/iptables/explain.ts'
import { compareIptables } from '../../src/plan/iptables/plan.ts'
import { CHAINS } from '../../src/ruleset/iptables/chains.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { chainsFor } from '../support/chains.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const ADDRESSES: Readonly<Record<string, string>> = { web: '203.0.113.10', api: '203.0.113.11' }
const web = ownerOf('shop/web')
const api = ownerOf('shop/api')

function chainsOf(...names: readonly string[]): IptablesRuleset {
  const services = names.map((name) =>
    shopService(name, { loadBalancerAddresses: [ADDRESSES[name] as Address] }),
  )
  const slices = names.map((name) => shopSlice(name, ['10.244.1.1']))
  return chainsFor({ services, slices }, shopNode, shopSettings)
}

describe('the Services that a refused chain may be about', () => {
  const before = chainsOf('web')
  const changes = compareIptables(before, chainsOf('api'), [])
  const nat = changes.find(({ table }) => table === 'nat')
  const chainAt = (address: string): string => {
    const name = [...(nat?.chains.keys() ?? [])].find((each) => each.includes(address))
    if (name === undefined) throw new Error(`no chain for ${address}`)
    return name
  }
  const refused = (chain: string) => ({ family: 'ip', table: 'nat', chain }) as const

  test('a chain that comes is of the Service that it is rendered for', () => {
    const chain = chainAt('203.0.113.11')
    const labelOf = () => 'shop/api:80 load-balancer'
    expect(servicesIn(changes, labelOf, refused(chain))).toEqual(new Set([api]))
  })

  test('a chain that goes is of the Service whose rule led there', () => {
    const chain = chainAt('203.0.113.10')
    expect(servicesIn(changes, () => undefined, refused(chain))).toEqual(new Set([web]))
  })

  test('a shared chain is of all whose rules in it change', () => {
    const services = servicesIn(changes, () => undefined, refused(CHAINS.vips))
    expect(services).toEqual(new Set([web, api]))
  })

  test('without a chain, they are all of the table', () => {
    const table = { family: 'ip', table: 'nat' } as const
    expect(servicesIn(changes, () => undefined, table)).toEqual(new Set([web, api]))
    expect(servicesIn(changes, () => undefined, { ...table, family: 'ip6' }).size).toBe(0)
  })
})

test('rules that another program put in another order are shown as moved, in the right order', () => {
  const wanted = chainsOf('web', 'api')
  const turned = new Map(
    [...(wanted.ip ?? [])].map(([table, { chains, jumps }]) => [
      table,
      {
        chains: new Map([...chains].map(([name, rules]) => [name, rules.toReversed()] as const)),
        jumps,
      },
    ]),
  )
  const shown = [...shownIptables(compareIptables({ ip: turned }, wanted, []), () => undefined)]
  expect(new Set(shown.map(({ kind, sign }) => `${sign} ${kind}`))).toEqual(
    new Set(['~ move-rule']),
  )
  const moved = [...(wanted.ip ?? [])].flatMap(([table, { chains }]) =>
    [...chains]
      .filter(([, rules]) => rules.length > 1)
      .flatMap(([name, rules]) => rules.map((rule) => `iptables -t ${table} -A ${name} ${rule}`)),
  )
  expect(shown.map(({ text }) => text).sort()).toEqual(moved.sort())
})
