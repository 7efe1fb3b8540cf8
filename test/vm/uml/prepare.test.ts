import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cleanupCommand } from '../../../src/cli/cleanup.ts'
import { prepareCommand } from '../../../src/cli/prepare.ts'
import { fixtureSources, run } from '../../support/commands.ts'
import { writeConfiguration } from '../../support/configuration.ts'

const before = [
  'net.ipv4.conf.all.arp_announce = 0',
  'net.ipv4.conf.all.arp_ignore = 0',
  'net.ipv4.ip_forward = 0',
  'net.ipv4.vs.conntrack = 0',
]
const prepared = [
  'net.ipv4.conf.all.arp_announce = 2',
  'net.ipv4.conf.all.arp_ignore = 1',
  'net.ipv4.ip_forward = 1',
  'net.ipv4.vs.conntrack = 1',
]
const sources = fixtureSources([], 'text')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nodelb-prepare-'))
  await execa('modprobe', ['-a', 'ip_vs', 'dummy'])
  // The node is reached over IPv4.
  await execa('ip', ['link', 'add', 'uplink', 'type', 'dummy'])
  await execa('ip', ['address', 'add', '192.0.2.1/24', 'dev', 'uplink'])
  await execa('ip', ['link', 'set', 'uplink', 'up'])
  await execa('sysctl', ['-w', ...before.map((line) => line.replaceAll(' ', ''))])
})
afterEach(async () => {
  await execa('ip', ['link', 'delete', 'uplink'])
  await rm(folder, { recursive: true })
})

async function settings(): Promise<readonly string[]> {
  const names = before.map((line) => line.split(' ')[0] ?? '')
  return (await execa('sysctl', names)).stdout.split('\n')
}

/** What it says of the settings that are looked at here. */
async function prepare(): Promise<readonly string[]> {
  const config = join(folder, 'config.yaml')
  writeConfiguration(config, { backend: 'ipvs' })
  const { code, out, lines } = await run((_, output) => prepareCommand(config, output), sources)
  expect({ code, lines }).toEqual({ code: 0, lines: [] })
  return out.split('\n').filter((line) => /all\.arp_|ipv4\.ip_forward|vs\.conntrack/.test(line))
}

test('nodelb prepare sets what ipvs needs, once, and cleanup puts back what was there', async () => {
  expect((await prepare()).toSorted()).toEqual([
    'net.ipv4.conf.all.arp_announce: 0 -> 2',
    'net.ipv4.conf.all.arp_ignore: 0 -> 1',
    'net.ipv4.ip_forward: 0 -> 1',
    'net.ipv4.vs.conntrack: 0 -> 1',
  ])
  expect(await settings()).toEqual(prepared)
  expect((await prepare()).filter((line) => line.includes('->'))).toEqual([])
  expect(await run((_, output) => cleanupCommand(undefined, output), sources)).toMatchObject({
    code: 0,
  })
  expect(await settings()).toEqual(before)
})
