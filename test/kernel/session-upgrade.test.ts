import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { program, propose } from '../../src/dataplane/nftables/program.ts'
import { textOf } from '../../src/plan/nftables/explain.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { enterNewNetwork, nft, nftLoad } from '../apply/nftables/namespace.ts'
import { asterisk, begin, jellyfin, listed, nginx, together } from './session-setup.ts'

const goal = together(jellyfin, asterisk, nginx)

/** Tables of ours as another version, or an administrator, may have left them. */
const layouts = {
  'sets of other types and hooks at other priorities': `
    table ip nodelb {
      set services { type ipv4_addr . inet_service; elements = { 203.0.113.14 . 8096 }; }
      map endpoints { type ipv4_addr : ipv4_addr; elements = { 203.0.113.14 : 10.244.1.10 }; }
      chain nat-prerouting {
        type nat hook prerouting priority -99; policy accept;
        ip daddr . tcp dport @services dnat to ip daddr map @endpoints:8080
      }
      chain nat-postrouting {
        type nat hook postrouting priority 99; policy accept;
        ct status dnat masquerade
      }
    }
    table ip6 nodelb {
      chain dispatch { type filter hook forward priority 0; policy drop; }
    }`,
  'a map where there is a set, a set where there is a map, other flags and sizes': `
    table ip nodelb {
      map services { type ipv4_addr : inet_service; }
      set endpoints { type ipv4_addr; flags interval; }
      set hairpin { type ipv4_addr . ipv4_addr; size 7; }
      set masquerade-services {
        type ipv4_addr . inet_proto . inet_service; flags dynamic,timeout; timeout 5m;
      }
    }`,
  'chains that lead to each other through verdict maps': `
    table ip nodelb {
      chain old-a { counter accept; }
      chain old-b { goto old-a; }
      map doors { type ipv4_addr . inet_service : verdict; elements = { 203.0.113.14 . 80 : goto old-b }; }
      chain dispatch { ip daddr . tcp dport vmap @doors; }
      chain nat-prerouting { type nat hook prerouting priority -105; policy accept; jump dispatch; }
    }`,
  'objects, meters and expressions that nodelb never wrote': `
    table ip nodelb {
      counter hits { packets 5 bytes 500; }
      quota much { over 25 mbytes; }
      ct helper ftp-standard { type "ftp" protocol tcp; }
      limit slow { rate 4/second; }
      set seen { type ipv4_addr; flags dynamic,timeout; size 99; counter; }
      set named { typeof ct mark; elements = { 7 }; }
      chain nat-prerouting {
        type nat hook prerouting priority -105; policy accept;
        tcp dport { 80, 443 } counter name hits quota name "much" limit name "slow"
        update @seen { ip saddr timeout 30s } log prefix "old " accept
        tcp flags syn tcp option maxseg size set 1400
        ct mark @named meta priority set 1:2 notrack
        fib daddr . iif type vmap { blackhole : drop, prohibit : jump other }
      }
      chain other { icmp type echo-request reject with icmp type admin-prohibited; }
      chain mangle { type route hook output priority mangle; policy accept; ip dscp set cs1; }
    }`,
  'tables that sleep': `
    table ip nodelb {
      flags dormant
      chain nat-prerouting { type nat hook prerouting priority -105; }
    }
    table ip6 nodelb {
      flags dormant
    }`,
}

let other: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  other = NetlinkSocket.open()
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
})
afterAll(() => other.close())

async function fresh(): Promise<string[][]> {
  await program(other, goal)
  const listing = await listed()
  await nft('flush', 'ruleset')
  return listing
}

describe('a session turns into its own, in one transaction,', () => {
  test.each(Object.entries(layouts))('%s', async (_, layout) => {
    const expected = await fresh()
    await nftLoad(`${layout}\n`)
    const generation = await other.generation()
    await using running = await begin(goal)
    expect(await other.generation()).toBe(generation + 1)
    expect(running.first.refusals).toEqual([])
    expect([...eachOperation((await propose(other, goal)).plan)].map(textOf)).toEqual([])
    expect(await listed()).toEqual(expected)
  })

  test.each(Object.entries(layouts))('without owning it: %s', async (_, layout) => {
    const expected = await fresh()
    await nftLoad(`${layout}\n`)
    const generation = await other.generation()
    await using running = await begin(goal, { ownership: 'none' })
    expect(await other.generation()).toBe(generation + 1)
    expect(running.first.refusals).toEqual([])
    expect(await listed()).toEqual(expected)
    expect(await running.session.verify()).toMatchObject({ operations: 0 })
  })
})
