import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { eventually } from '../support/eventually.ts'
import { Started, type Typed, typed, typedAs } from '../support/typed.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'
import { ip } from '../support/wire.ts'

/** What the commands that look at this node's kernel, and change it, say; in this process and its network. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-node-commands-'))
chmodSync(folder, 0o755)
const none = join(folder, 'none.yaml')

beforeEach(async () => {
  enterNewNetwork()
  await ip('link', 'set', 'lo', 'up')
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function configured(fields: object): readonly string[] {
  const head = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }
  return ['--config', written('config.yaml', JSON.stringify({ ...head, ...fields }))]
}

const service = webService()
const pods = ['pod-a', 'pod-b'] as const
const objects = written('web.json', list([webNode, service, ...webSlices(pods)]))
const alone = written('one.json', list([webNode, service, ...webSlices(['pod-a'])]))
const files = ['-f', objects, '--node', 'node-a', '--scope', 'all']
const VIP = '203.0.113.10:80'

/** A configuration in place of kube-proxy's that leaves what all networks of the machine share. */
function inPlaceOfProxy(mode: string): string {
  const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nscope: all\n'
  const proxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
  const conntrack = 'conntrack: {maxPerCore: 0, min: 0}\n'
  const backend = `backend: ${mode}\n`
  return written('both.yaml', `${nodelb}${backend}---\n${proxy}mode: ${mode}\n${conntrack}`)
}

/** Gives the node an interface to the outside. */
async function outside(): Promise<void> {
  await ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'wire')
  await ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0')
  for (const name of ['eth0', 'wire']) await ip('link', 'set', name, 'up')
  // Until its carrier is noticed an interface is none.
  await eventually(() => networkInterfaces()['eth0'] !== undefined)
}

/** Runs a command without any right: root's own come back afterwards. */
async function powerless(...words: readonly string[]): Promise<Typed> {
  process.seteuid?.(65_534)
  try {
    return await typed(...words)
  } finally {
    process.seteuid?.(0)
  }
}

describe('apply', () => {
  test('says in one line what it did, and then that nothing is to do', async () => {
    const first = await typed('apply', ...files)
    expect(first).toMatchObject({ code: 0, said: [] })
    expect(first.out).toMatch(/^applied: \d+ operations, 1 service, \d+ ms\n$/)
    const { out } = await typed('apply', ...files, '-o', 'json')
    expect(JSON.parse(out)).toEqual({
      ...{ operations: 0, services: 1, bytes: 0, rejected: [], ms: expect.any(Number) },
    })
  })

  test('of another backend removes what the former left', async () => {
    await typed('apply', ...files)
    expect((await typed('apply', ...files, '--backend', 'iptables')).said).toEqual([
      expect.stringMatching(/^nodelb: iptables \w+: /),
      'nodelb: of another backend removed: 2 tables',
    ])
    expect((await typed('apply', ...files, '--backend', 'nftables')).said).toEqual([
      expect.stringMatching(/^nodelb: of another backend removed: \d+ chains of iptables/),
    ])
  })

  test('changes nothing while an agent owns the tables, and cleanup neither', async () => {
    const socket = join(folder, 'agent.sock')
    const places = ['--status-socket', socket, '--state', join(folder, 'state')]
    const agent = Started.start(['run', ...files, '--listen', '127.0.0.1:0', ...places])
    await agent.line('agent-ready')
    const apply = await typed('apply', '-f', alone, ...files.slice(2))
    expect(apply).toMatchObject({ code: 2, out: '' })
    expect(apply.said[0]).toMatch(/^nodelb: nothing was changed: .* owns nodelb's tables/)
    const cleanup = await typed('cleanup')
    expect(cleanup).toMatchObject({ code: 2, out: '' })
    expect(cleanup.said).toEqual([
      expect.stringMatching(/^nodelb: not all is removed: .* owns nodelb's tables/),
    ])
    const iptables = await typed('apply', ...files, '--backend', 'iptables')
    expect(iptables.code).toBe(2)
    expect(iptables.said.at(-1)).toMatch(/^nodelb: what another backend left is not removed: /)
    expect(await agent.end('SIGTERM')).toBe(0)
  })

  test('says which Service the kernel refuses, and does the rest', async () => {
    const spoilt = mkdtempSync(join(folder, 'spoilt-'))
    const refused = '-m recent --name spoilt --rcheck --hitcount 4000000 -j DNAT'
    for (const [name, rule] of [
      ['iptables-nft-restore', '10.244.1.10'],
      ['ip6tables-nft-restore', 'nothing'],
    ]) {
      const script = `#!/bin/sh\nsed '/${rule}/s/-j DNAT/${refused}/' | /usr/sbin/${name} "$@"\n`
      writeFileSync(join(spoilt, `${name}`), script, { mode: 0o755 })
    }
    vi.stubEnv('PATH', `${spoilt}${delimiter}${process.env['PATH']}`)
    const backend = ['--backend', 'iptables', ...configured({ iptables: { flavour: 'nft' } })]
    const { code, out, said } = await typed('apply', ...files, ...backend, '-o', 'json')
    expect(JSON.parse(out)).toMatchObject({ rejected: ['default/web'] })
    expect(code).toBe(2)
    expect(said).toContainEqual(
      expect.stringMatching(/^Service default\/web: left as it was: the kernel says /),
    )
    const diff = await typed('diff', ...files, ...backend)
    expect({ code: diff.code, said: diff.said }).toEqual({ code: 1, said: [] })
  })

  test('has connections translated that are out of their window', async () => {
    writeFileSync('/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal', '0')
    expect(await typed('apply', ...files)).toMatchObject({ code: 0, said: [] })
    expect(readFileSync('/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal', 'utf8')).toBe('1\n')
  })

  test('tells of a machine that does not forward, and goes on', async () => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '0')
    const { code, said } = await typed('apply', ...files)
    expect({ code, said }).toEqual({
      code: 0,
      said: [expect.stringMatching(/^nodelb: .*net\.ipv4\.ip_forward/)],
    })
    await outside()
    expect((await typed('prepare')).out).toMatch(/net\.ipv4\.ip_forward/)
  })
})

describe('without the right to see or change rules', () => {
  const FORBIDDEN =
    'nodelb: not allowed to read or change the rule set: the capability CAP_NET_ADMIN is missing'

  test.each([['apply'], ['diff']])('%s says which right is missing', async (command) => {
    const { code, out, said } = await powerless(command, ...files)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said.at(-1)).toBe(FORBIDDEN)
  })

  test('explain of what the kernel holds does, too', async () => {
    expect(await powerless('explain', '--to', VIP)).toEqual({ code: 2, out: '', said: [FORBIDDEN] })
  })

  test('cleanup does, too, and nothing is removed', async () => {
    await typed('apply', ...files)
    const { code, out, said } = await powerless('cleanup')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said.length).toBeGreaterThan(0)
    expect(await nft('list', 'tables')).toContain('table ip nodelb\n')
  })

  test('explain of files explains these alone', async () => {
    await typed('apply', ...files)
    const words = ['explain', ...files, '--to', VIP, '--from', '198.51.100.7']
    expect((await typed(...words)).out).toContain('\nThe kernel here holds these rules.\n')
    const { code, out, said } = await powerless(...words)
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(out).toContain('delivered')
    expect(out).not.toContain('The kernel here')
  })

  test('the version is told without the backend', async () => {
    expect(JSON.parse((await typed('version', '-o', 'json')).out).backend).toBe('nftables')
    const { code, out } = await powerless('version', '-o', 'json')
    expect({ code, backend: JSON.parse(out).backend }).toEqual({ code: 0, backend: null })
  })

  test('prepare fails, so that an init container does not count as done', async () => {
    writeFileSync('/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal', '0')
    const words = ['prepare', '--config', inPlaceOfProxy('nftables')]
    const { code, out, said } = await powerless(...words)
    expect({ code, said }).toEqual({ code: 2, said: [] })
    expect(out).toMatch(
      /nf_conntrack_tcp_be_liberal: is 0, should be 1 \(E\w+\); run this as root in a privileged container, or on the node: sysctl -w net\.netfilter\.nf_conntrack_tcp_be_liberal=1\n/,
    )
    const able = await typed(...words)
    expect(able).toMatchObject({ code: 0, said: [] })
    expect(able.out).toContain('net.netfilter.nf_conntrack_tcp_be_liberal: 0 -> 1\n')
  })
})

describe('prepare', () => {
  test('lets NodePorts on loopback be reached, where iptables serves them there', async () => {
    writeFileSync('/proc/sys/net/ipv4/conf/all/route_localnet', '0')
    const { code, out, said } = await typed('prepare', '--config', inPlaceOfProxy('iptables'))
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(out).toContain('net.ipv4.conf.all.route_localnet: 0 -> 1\n')
  })
})

describe('cleanup', () => {
  test('removes what was programmed, once', async () => {
    await typed('apply', ...files)
    expect(await typed('cleanup')).toEqual({
      ...{ code: 0, said: [], out: 'cleaned up: 2 tables removed\n' },
    })
    expect(await typed('cleanup')).toEqual({
      ...{ code: 0, said: [], out: 'cleaned up: nothing removed\n' },
    })
    expect(await nft('list', 'tables')).toBe('')
  })
})

describe('diff', () => {
  test('speaks of Services, has operations for programs, and a table for pull requests', async () => {
    const nothing = await typed('diff', ...files)
    expect(nothing).toMatchObject({ code: 1, said: [] })
    expect(nothing.out).toMatch(/^\+ default\/web:tcp {2}203\.0\.113\.10:80\/tcp/)
    await typed('apply', ...files)
    expect(await typed('diff', ...files)).toEqual({ code: 0, said: [], out: '0 operations\n' })
    const fewer = ['diff', '-f', alone, ...files.slice(2)]
    const { code, out } = await typed(...fewer)
    expect(code).toBe(1)
    expect(out).toMatch(/1 Service changed; \d+ operations in one transaction\.\n$/)
    const { operations, services } = JSON.parse((await typed(...fewer, '-o', 'json')).out)
    expect(operations[0]).toMatchObject({ service: 'default/web' })
    expect(services.length).toBeGreaterThan(0)
    expect((await typed(...fewer, '-o', 'markdown')).out).toContain('| `~` | default/web')
  })

  test('lists what no Service explains, the first of it', async () => {
    await typed('apply', ...files)
    for (let at = 0; at < 30; at++) {
      await nft('add', 'rule', 'ip', 'nodelb', 'service', 'meta', 'mark', String(at), 'counter')
    }
    const { code, out } = await typedAs('nodelb', ['diff', ...files], { colour: true, columns: 80 })
    expect(code).toBe(1)
    expect(out).toContain('not explained by any Service')
    expect(out).toMatch(/\n {4}and \d+ more; --full shows them\n/)
    expect(out).toMatch(/\nNo Service changes; \d+ operations in one transaction\.\n$/)
    const full = await typed('diff', ...files, '--full')
    expect(full.out).not.toContain('--full shows them')
    expect((await typed('diff', ...files, '-o', 'markdown')).out).toMatch(
      /^Not explained by any Service: \d+ operations\.$/m,
    )
  })
})

test('a bundle has the rules, the agent that answers, and its metrics', async () => {
  const socket = join(folder, 'bundle.sock')
  const places = ['--status-socket', socket, '--state', join(folder, 'state')]
  const agent = Started.start(['run', ...files, '--listen', '127.0.0.1:10266', ...places])
  await agent.line('agent-ready')
  const file = join(folder, 'bundle.tar.gz')
  const words = ['bundle', '-o', file, '--status-socket', socket, '--log', none, '-f', objects]
  const { code, said } = await typed(...words)
  expect(code).toBe(0)
  expect(said.filter((line) => line.includes('not there'))).toEqual([
    expect.stringMatching(/^log\.txt +not there: ENOENT/),
  ])
  expect(said).toContainEqual(expect.stringMatching(/^rules\.txt +\d+ bytes$/))
  expect(await agent.end('SIGTERM')).toBe(0)
})
