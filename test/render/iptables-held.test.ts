import { expect, test } from 'vitest'
import { frontendsInChains } from '../../src/render/iptables/held-frontends.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'

const NAT = 'NODELB-S-203.0.113.1-tcp-80'
const ALLOW = 'NODELB-A-203.0.113.1-tcp-80'
const leaf = (target: string): string =>
  `-d 203.0.113.1/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/web:http load-balancer" -g ${target}`

/** Chains of one VIP that somebody has written into. */
function held(serve: readonly string[], allow: readonly string[]): IptablesRuleset {
  const chains = (rules: Readonly<Record<string, readonly string[]>>) => ({
    chains: new Map(Object.entries(rules)),
    jumps: new Map(),
  })
  return {
    ip: new Map([
      ['mangle', chains({ 'NODELB-SOURCES': [leaf(ALLOW)], [ALLOW]: allow })],
      ['nat', chains({ 'NODELB-VIPS': [leaf(NAT)], [NAT]: serve })],
    ]),
  }
}

test("rules of others among nodelb's are read as far as they can be", () => {
  const [front] = frontendsInChains(
    held(
      ['-j LOG', '-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80', '-p tcp -j DNAT'],
      ['-s 10.0.0.0/255.0.255.0 -j RETURN', '-j LOG', '-j DROP'],
    ),
  )
  expect(front?.endpoints).toEqual(['10.0.0.1-10.0.0.9 . 80'])
  expect(front?.sources).toEqual(['10.0.0.0/255.0.255.0'])
})

test('sources are read in the words of sets', () => {
  const rules = [
    '-s 192.0.2.2/32 -j RETURN',
    '-s 198.51.100.0/24 -j RETURN',
    '-m iprange --src-range 10.0.0.1-10.0.0.9 -j RETURN',
    '-j RETURN',
    '-j DROP',
  ]
  const four = ['0.0.0.0/0', '10.0.0.1-10.0.0.9', '192.0.2.2', '198.51.100.0/24']
  expect(frontendsInChains(held([], rules))).toMatchObject([{ sources: four }])
  const { ip } = held([], ['-s fd00::1/128 -j RETURN', '-s fd00::/32 -j RETURN', '-j RETURN'])
  const six = ['::/0', 'fd00::/32', 'fd00::1']
  expect(frontendsInChains(ip ? { ip6: ip } : {})).toMatchObject([{ sources: six }])
})

test('a chain that somebody deleted leads nowhere, and lets nobody pass', () => {
  const ruleset = held([], [])
  for (const { chains } of ruleset.ip?.values() ?? []) {
    ;(chains as Map<string, unknown>).delete(NAT)
    ;(chains as Map<string, unknown>).delete(ALLOW)
  }
  expect(frontendsInChains(ruleset)).toMatchObject([{ endpoints: [], sources: [] }])
})
