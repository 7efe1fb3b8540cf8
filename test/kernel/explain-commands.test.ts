import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { eventually } from '../support/eventually.ts'
import { type Typed, typed } from '../support/typed.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'
import { ip } from '../support/wire.ts'

/** What `nodelb explain` says of the rules that this kernel holds, in this process and its network. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-explain-commands-'))
beforeEach(async () => {
  enterNewNetwork()
  await ip('link', 'set', 'lo', 'up')
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true }))

const CLIENT = '198.51.100.7'
const VIP = '203.0.113.10:80'

function objects(name: string, spec: object, pods: readonly ('pod-a' | 'pod-b')[]): string {
  const file = join(folder, name)
  writeFileSync(file, list([webNode, webService(spec), ...webSlices(pods)]))
  return file
}

const plain = objects('plain.json', {}, ['pod-a', 'pod-b'])
const sticky = objects('sticky.json', { sessionAffinity: 'ClientIP' }, ['pod-a', 'pod-b'])
const CHOICES = ['--node', 'node-a', '--scope', 'all']

async function apply(file: string, backend = 'nftables', flavour = 'auto'): Promise<void> {
  const config = join(folder, 'config.json')
  const head = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }
  writeFileSync(config, JSON.stringify({ ...head, iptables: { flavour } }))
  const choices = [...CHOICES, '--backend', backend, '--config', config]
  expect((await typed('apply', '-f', file, ...choices)).code).toBe(0)
}

const explain = (...words: readonly string[]): Promise<Typed> => typed('explain', ...words)

describe('without files, the rules that the kernel holds are explained', () => {
  test('none, which is said', async () => {
    const { code, out, said } = await explain('--to', VIP, '--from', CLIENT)
    expect({ code, said }).toEqual({
      code: 0,
      said: ['nodelb: the kernel holds no rules of nodelb'],
    })
    expect(out).toContain(': not ours\n')
    expect((await explain('--to', 'default/web')).code).toBe(2)
  })

  test.each(['nftables', 'iptables'])('those of %s, by address and by Service', async (backend) => {
    await apply(plain, backend)
    const one = await explain('--to', VIP, '--from', CLIENT, '--in', 'lo')
    expect(one).toMatchObject({ code: 0, said: [] })
    expect(one.out).toContain(`${CLIENT} -> ${VIP}/tcp, in by lo: delivered\n`)
    expect(one.out).toContain('endpoint  10.244.1.10:8080  1 of 2\n')
    const all = await explain('--to', 'default/web', '--from', CLIENT)
    const asked = [...all.out.matchAll(/^198\.51\.100\.7 -> (\S+): delivered$/gm)]
    expect(asked.map(([, to]) => to)).toEqual([
      ...['203.0.113.10:80/tcp', '203.0.113.10:80/udp', '10.96.0.10:80/tcp', '10.96.0.10:80/udp'],
    ])
    const [first] = JSON.parse((await explain('--to', 'default/web:tcp', '-o', 'json')).out)
    expect(first).toMatchObject({ of: 'kernel', kernel: null, announced: null })
    expect((await explain('--to', 'default/web:https')).said).toEqual([
      expect.stringMatching(/found "default\/web:https", .*; its ports: tcp, udp$/),
    ])
    expect((await explain('--to', VIP, '--from', CLIENT, '--in', 'eth9')).said).toEqual([
      expect.stringMatching(/^nodelb: --in: found "eth9", expected an interface of .*: lo$/),
    ])
  })

  test('those of a table that is dormant do nothing', async () => {
    await apply(plain)
    await nft('add', 'table', 'ip', 'nodelb', '{', 'flags', 'dormant;', '}')
    const { out } = await explain('--to', VIP, '--from', CLIENT)
    expect(out).toContain(': not ours\n')
  })

  test('those of others in a chain of nodelb are told as not known', async () => {
    await apply(plain)
    await nft('insert', 'rule', 'ip', 'nodelb', 'service', 'meta', 'mark', '1', 'drop')
    const { out } = await explain('--to', VIP, '--from', CLIENT)
    expect(out).toMatch(/^ {2}not known /m)
  })

  test('those that remember a client lead it where it was', async () => {
    await apply(sticky)
    const { out } = await explain('--to', VIP, '--from', CLIENT)
    expect(out).toContain('the client is not remembered yet')
    const key = `{ ${CLIENT} . 203.0.113.10 . tcp . 80 timeout 1h }`
    await nft('add', 'element', 'ip', 'nodelb', 'affinity-1', key)
    const again = await explain('--to', VIP, '--from', CLIENT)
    expect(again.out).toContain('affinity  ClientIP: the client stays with this endpoint\n')
    expect(again.out).toMatch(/endpoint {2}10\.244\.1\.1[01]:8080 {2}always\n/)
  })

  test('those of iptables in both flavours: what the second does is not known', async () => {
    await apply(plain, 'iptables', 'legacy')
    const { stdout: input } = await execa('iptables-legacy-save')
    await apply(plain, 'iptables', 'nft')
    await execa('iptables-legacy-restore', { input })
    const { out } = await explain('--to', VIP, '--from', CLIENT)
    expect(out).toContain("not known  what nodelb's chains of iptables-legacy do as well\n")
  })

  test('those of iptables whose program fails are not known', async () => {
    await apply(plain, 'iptables')
    const broken = mkdtempSync(join(folder, 'broken-'))
    const script = '#!/bin/sh\necho it fails >&2; exit 3\n'
    writeFileSync(join(broken, 'iptables-legacy-save'), script, { mode: 0o755 })
    writeFileSync(join(broken, 'iptables-legacy-restore'), script, { mode: 0o755 })
    vi.stubEnv('PATH', `${broken}${delimiter}${process.env['PATH']}`)
    const { out } = await explain('--to', VIP, '--from', CLIENT)
    expect(out).toMatch(/not known {2}what the rules of iptables-legacy do: .*it fails/)
  })
})

describe('files are compared with what the kernel holds', () => {
  const ask = async (file: string): Promise<string> => {
    const { code, out } = await explain('-f', file, ...CHOICES, '--to', VIP, '--from', CLIENT)
    expect(code).toBe(0)
    return out
  }

  test('which does the same', async () => {
    await apply(plain)
    expect(await ask(plain)).toMatch(/\nThe kernel here holds these rules\.\n$/)
  })

  test('which has other rules, and does the same with this packet', async () => {
    await apply(plain)
    const more = objects('more.json', { externalIPs: ['203.0.113.99'] }, ['pod-a', 'pod-b'])
    expect(await ask(more)).toMatch(
      /\nThe kernel here differs from the files by \d+ operations, but not in what becomes of this packet\.\n$/,
    )
  })

  test('which does otherwise with it', async () => {
    await apply(plain)
    const fewer = objects('fewer.json', {}, ['pod-a'])
    const out = await ask(fewer)
    expect(out).toMatch(
      /\nThe kernel here differs from the files by \d+ operations?, and does otherwise with this packet:\n\n198/,
    )
    const json = await explain('-f', fewer, ...CHOICES, '--to', VIP, '-o', 'json')
    expect(JSON.parse(json.out).kernel).toMatchObject({ same: false })
  })

  test('which refuses it, or drops it', async () => {
    await apply(objects('none.json', {}, []))
    expect(await ask(plain)).toContain(`${CLIENT} -> ${VIP}/tcp: refused\n`)
    const spec = { loadBalancerSourceRanges: ['192.0.2.0/24'] }
    await apply(objects('ranges.json', spec, ['pod-a', 'pod-b']))
    expect(await ask(plain)).toContain(`${CLIENT} -> ${VIP}/tcp: dropped\n`)
  })
})

test('the node itself asks with the address of the route', async () => {
  await apply(plain)
  await ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'wire')
  await ip('address', 'add', '169.254.7.7/16', 'dev', 'eth0')
  await ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0')
  await ip('-6', 'address', 'add', '2001:db8:1::1/64', 'dev', 'eth0', 'nodad')
  for (const name of ['eth0', 'wire']) await ip('link', 'set', name, 'up')
  // Until its carrier is noticed an interface is none.
  await eventually(() => networkInterfaces()['eth0'] !== undefined)
  await ip('route', 'add', '10.244.0.0/16', 'via', '192.0.2.254')
  const near = await explain('--to', '10.244.1.10:80')
  expect(near.out).toMatch(/^192\.0\.2\.1 -> 10\.244\.1\.10:80\/tcp, sent by the node/)
  const far = await explain('--to', VIP)
  expect(far.out).toMatch(/^192\.0\.2\.1 -> 203\.0\.113\.10:80\/tcp, sent by the node: delivered\n/)
  const six = await explain('--to', '[2001:db8:100::10]:80')
  expect(six.out).toMatch(/^2001:db8:1::1 -> \[2001:db8:100::10\]:80\/tcp, sent by the node/)
  const files = ['-f', plain, ...CHOICES]
  const same = await explain(...files, '--to', VIP)
  expect(same.out).toMatch(/^192\.0\.2\.1 -> /)
  expect(same.out).toContain('The kernel here holds these rules.')
})
