import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { prepareNode, printSysctl } from '../../../src/apply/sysctl/prepare-node.ts'
import type { ConntrackSettings } from '../../../src/model/conntrack.ts'
import { enterNewNetwork } from '../nftables/namespace.ts'

const nothing: ConntrackSettings = {
  maxPerCore: 0,
  min: 0,
  tcpEstablishedTimeout: undefined,
  tcpCloseWaitTimeout: undefined,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: false,
}

describe('the kernel, in a network of our own', () => {
  const timeouts = {
    ...nothing,
    tcpEstablishedTimeout: 1001,
    tcpCloseWaitTimeout: 1002,
    udpTimeout: 1003,
    udpStreamTimeout: 1004,
    tcpBeLiberal: true,
  }

  test('takes the timeouts; the second time they are kept', () => {
    enterNewNetwork()
    const first = prepareNode(timeouts)
    expect(first.map(({ kind }) => kind)).toEqual(Array(5).fill('set'))
    expect(number('/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream')).toBe(1004)
    expect(number('/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal')).toBe(1)
    expect(prepareNode(timeouts).map(({ kind }) => kind)).toEqual(Array(5).fill('kept'))
  })

  test('refuses the size of the table, which is the whole machine’s', () => {
    enterNewNetwork()
    const found = number('/proc/sys/net/netfilter/nf_conntrack_max')
    const [outcome] = prepareNode({ ...nothing, maxPerCore: found + 1 }, { processors: 1 })
    expect(outcome).toMatchObject({ kind: 'not-set', found, wanted: found + 1, errno: 'EACCES' })
    expect(number('/proc/sys/net/netfilter/nf_conntrack_max')).toBe(found)
  })

  test('a read-only /proc/sys, as in a container, is said with the remedy', async () => {
    const script = fileURLToPath(new URL('prepare-alone.ts', import.meta.url))
    const settings = JSON.stringify({ ...nothing, udpTimeout: 1003 })
    const { stdout } = await execa('unshare', [
      ...['--net', '--mount', 'sh', '-c'],
      'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"',
      ...['sh', process.execPath, '--import', 'tsx', script, settings],
    ])
    expect(JSON.parse(stdout)).toEqual([
      'net.netfilter.nf_conntrack_udp_timeout: is 30, should be 1003 (EROFS); ' +
        'run the init container "nodelb prepare", or on the node: ' +
        'sysctl -w net.netfilter.nf_conntrack_udp_timeout=1003',
    ])
  })
})

describe('a folder in place of the machine', () => {
  const max = 'proc/sys/net/netfilter/nf_conntrack_max'
  const buckets = 'sys/module/nf_conntrack/parameters/hashsize'
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'nodelb-sysctl-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  function put(file: string, value: number): void {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), `${value}\n`)
  }

  test('a larger table gets its buckets', () => {
    put(max, 65_536)
    put(buckets, 16_384)
    expect(prepareNode({ ...nothing, maxPerCore: 40_000 }, { root, processors: 4 })).toEqual([
      { kind: 'set', name: 'net.netfilter.nf_conntrack_max', from: 65_536, to: 160_000 },
      { kind: 'set', name: `/${buckets}`, from: 16_384, to: 40_000 },
    ])
    expect([number(join(root, max)), number(join(root, buckets))]).toEqual([160_000, 40_000])
  })

  test('a table larger than asked for stays', () => {
    put(max, 65_536)
    put(buckets, 65_536)
    expect(prepareNode({ ...nothing, maxPerCore: 1_000 }, { root, processors: 1 })).toEqual([
      { kind: 'kept', name: 'net.netfilter.nf_conntrack_max', value: 65_536 },
      { kind: 'kept', name: `/${buckets}`, value: 65_536 },
    ])
  })

  test('without the module nothing is made up', () => {
    const outcomes = prepareNode({ ...nothing, maxPerCore: 1_000 }, { root, processors: 1 })
    expect(outcomes.map(printSysctl)).toEqual([
      'net.netfilter.nf_conntrack_max: is unknown, should be 1000 (ENOENT); ' +
        'load the kernel module nf_conntrack',
    ])
  })
})

function number(file: string): number {
  return Number(readFileSync(file, 'utf8'))
}
