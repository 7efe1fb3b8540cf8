import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { lastSeen, listsWith } from '../../../src/apply/iptables/recent-lists.ts'
import type { Address } from '../../../src/model/address.ts'
import { enterNewNetwork } from '../nftables/namespace.ts'

beforeAll(async () => {
  enterNewNetwork()
  await execa('ip', ['link', 'set', 'lo', 'up'])
})

const address = (text: string): Address => text as Address

describe('the lists of xt_recent', () => {
  test('a client is on the list from its first packet on, for as long as it says', async () => {
    for (const [program, list] of [
      ['iptables-nft', 'POD-4'],
      ['ip6tables-nft', 'POD-6'],
    ] as const) {
      await execa(program, ['-A', 'INPUT', '-m', 'recent', '--set', '--name', list])
    }
    const lists = new Map([
      ['POD-4', 60],
      ['POD-6', 60],
      ['NONE', 60],
    ])
    expect(listsWith(address('127.0.0.1'), lists)).toEqual(new Set())
    await execa('ping', ['-c', '1', '127.0.0.1'])
    await execa('ping', ['-c', '1', '::1'])
    expect(listsWith(address('127.0.0.1'), lists)).toEqual(new Set(['POD-4']))
    expect(listsWith(address('::1'), lists)).toEqual(new Set(['POD-6']))
  })

  test('who left no more than a trace of an old time is on it no more', async () => {
    await execa('iptables-nft', ['-A', 'INPUT', '-m', 'recent', '--set', '--name', 'OLD'])
    await execa('ping', ['-c', '1', '127.0.0.1'])
    // 2.5 seconds, which is more than the uncertainty of when jiffies began.
    await execa('sleep', ['2.5'])
    expect(listsWith(address('127.0.0.1'), new Map([['OLD', 1]]))).toEqual(new Set())
    expect(listsWith(address('127.0.0.1'), new Map([['OLD', 200]]))).toEqual(new Set(['OLD']))
  })

  test('the listing of the kernel, in both families', () => {
    const text = [
      'src=192.0.2.20 ttl: 64 last_seen: 4301090340 oldest_pkt: 1 4301090340',
      'src=192.0.2.2 ttl: 64 last_seen: 4301090347 oldest_pkt: 2 4301090346, 4301090347',
      'src=2001:0db8:0000:0000:0000:0000:0000:0007 ttl: 63 last_seen: 18446744073709476617 oldest_pkt: 1 1',
      '',
    ].join('\n')
    expect(lastSeen(address('192.0.2.2'), text)).toBe(4301090347n)
    expect(lastSeen(address('2001:db8::7'), text)).toBe(18446744073709476617n)
    expect(lastSeen(address('192.0.2.3'), text)).toBeUndefined()
  })
})
