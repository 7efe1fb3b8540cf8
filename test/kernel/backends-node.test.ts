import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Status } from '../../src/report/status/status.ts'
import { readStatus } from '../../src/report/status/status-socket.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { replaceFile, writeConfiguration } from '../support/configuration.ts'
import { eventually } from '../support/eventually.ts'
import { AgentHere, commandHere } from '../support/here.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'

/** One node whose agent goes from one backend to another, while others break what it has made. */

type Backend = 'nftables' | 'nft' | 'legacy'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-backends-'))
const objects = join(folder, 'objects', 'all.json')
const config = join(folder, 'config.yaml')
const socket = join(folder, 'agent.sock')
const VIP = '203.0.113.10'
const sources = ['-f', objects, '--config', config, '--node', 'node-a']

let agent: AgentHere

function configure(backend: Backend, more: object = {}): void {
  const chosen =
    backend === 'nftables' ? { backend } : { backend: 'iptables', iptables: { flavour: backend } }
  writeConfiguration(config, { scope: 'all', minSyncPeriod: '0s', ...chosen, ...more })
}

function write(...services: readonly object[]): void {
  replaceFile(objects, list([webNode, ...services, ...webSlices(['pod-a', 'pod-b'])]))
}

beforeAll(async () => {
  enterNewNetwork()
  await execa('ip', ['link', 'set', 'lo', 'up'])
  mkdirSync(join(folder, 'objects'))
  configure('nftables')
  write(webService())
  agent = AgentHere.start(
    ...[...sources, '--state', folder, '--status-socket', socket, '--cleanup-on-exit'],
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

async function told(file: string, ...args: readonly string[]): Promise<string> {
  return (await execa(file, args)).stdout
}

/** Which backends have something in the kernel. */
async function programmed(): Promise<readonly Backend[]> {
  const tables = await told('nft', 'list', 'tables')
  const [nft, legacy] = [await told('iptables-nft-save'), await told('iptables-legacy-save')]
  return [
    ...(tables.includes('table ip nodelb') ? (['nftables'] as const) : []),
    ...(nft.includes('NODELB-') ? (['nft'] as const) : []),
    ...(legacy.includes('NODELB-') ? (['legacy'] as const) : []),
  ]
}

async function status(): Promise<Status | undefined> {
  const answer = await readStatus(socket)
  return answer.kind === 'status' ? answer.status : undefined
}

/** Resolves when this backend alone is programmed, and nothing is in doubt. */
async function settled(backend: Backend): Promise<void> {
  await eventually(async () => String(await programmed()) === backend)
  await eventually(async () => {
    const found = await status()
    return found?.ready === true && found.doubt === null && found.failing === null
  })
  expect((await status())?.backend).toBe(backend === 'nftables' ? 'nftables' : 'iptables')
  await eventually(async () => (await commandHere('diff', ...sources)).out === '0 operations\n')
}

async function rules(backend: Backend): Promise<string> {
  return backend === 'nftables' ? told('nft', 'list', 'ruleset') : told(`iptables-${backend}-save`)
}

/** Resolves when the rules of a backend name the address, or name it no more. */
async function names(backend: Backend, address: string, does = true): Promise<void> {
  await eventually(async () => (await rules(backend)).includes(address) === does)
}

test.each<readonly [from: Backend, to: Backend]>([
  ['nftables', 'nft'],
  ['nft', 'legacy'],
  ['legacy', 'nft'],
  ['nft', 'nftables'],
  ['nftables', 'legacy'],
  ['legacy', 'nftables'],
])('from %s to %s: the one is programmed whole before the other is removed', async (from, to) => {
  await settled(from)
  configure(to)
  await settled(to)
  expect(await rules(to)).toContain(VIP)
})

test.each(['nft', 'legacy'] as const)(
  'with %s a change is followed, and what others delete is repaired',
  async (flavour) => {
    configure(flavour)
    await settled(flavour)
    write(webService({ externalIPs: ['198.51.100.7'] }))
    await names(flavour, '198.51.100.7')
    const program = `iptables-${flavour}`
    await told(program, '-t', 'nat', '-F')
    await names(flavour, VIP)
    await settled(flavour)
    write(webService())
    await names(flavour, '198.51.100.7', false)
    const { out } = await commandHere(
      ...['explain', '--from', '192.0.2.9', '--to', `${VIP}:80`, ...sources],
    )
    expect(out).toContain('default/web')
  },
)

test('commands program and remove the backend that the configuration names', async () => {
  configure('nft')
  await settled('nft')
  expect(await agent.end()).toBe(0)
  expect(await programmed()).toEqual([])
  expect((await commandHere('diff', ...sources)).code).toBe(1)
  expect((await commandHere('apply', ...sources)).code).toBe(0)
  expect(await programmed()).toEqual(['nft'])
  configure('nftables')
  expect((await commandHere('apply', ...sources)).code).toBe(0)
  configure('legacy')
  expect((await commandHere('apply', ...sources)).code).toBe(0)
  const { code } = await commandHere('cleanup', '--config', config)
  expect(code).toBe(0)
  expect(await programmed()).toEqual([])
})
