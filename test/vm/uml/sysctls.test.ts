import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wantedOnNode } from '../../../src/apply/sysctl/ipvs-node.ts'
import { printSysctl } from '../../../src/apply/sysctl/prepare-node.ts'
import { printRestored, restoreSaved } from '../../../src/apply/sysctl/restore.ts'
import { differingSysctls, setSaved } from '../../../src/apply/sysctl/saved.ts'

const folder = '/run/nodelb-test'
const file = `${folder}/state/saved.json`
const wish = { families: ['ipv4', 'ipv6'], strictArp: true } as const

/** In a kernel that has just come up, with these interfaces. */
const started = [
  'net.ipv4.conf.all.arp_announce = 0',
  'net.ipv4.conf.all.arp_ignore = 0',
  'net.ipv4.conf.eth0/100.arp_ignore = 3',
  'net.ipv4.ip_forward = 0',
  'net.ipv4.vs.conntrack = 0',
  'net.ipv4.vs.expire_nodest_conn = 0',
  'net.ipv4.vs.expire_quiescent_template = 0',
  'net.ipv6.conf.all.forwarding = 0',
  'net.ipv6.conf.eth0/100.accept_ra = 1',
]
const names = started.map((line) => line.split(' ')[0] ?? '')

async function settings(): Promise<readonly string[]> {
  return (await execa('sysctl', names)).stdout.split('\n')
}

function setAll(): readonly string[] {
  return setSaved(wantedOnNode(wish), { file }).map(printSysctl)
}

function restoreAll(): readonly string[] {
  const outcome = restoreSaved({ file })
  return outcome.kind === 'restored' ? outcome.sysctls.map(printRestored) : [outcome.errno]
}

beforeEach(async () => {
  await execa('modprobe', ['-a', 'ip_vs', 'dummy'])
  await execa('ip', ['link', 'add', 'eth0.100', 'type', 'dummy'])
  await execa('sysctl', ['-w', ...started.map((line) => line.replaceAll(' ', ''))])
  await mkdir(folder, { recursive: true })
})
afterEach(async () => {
  await execa('umount', [folder], { reject: false })
  await rm(folder, { recursive: true, force: true })
  await execa('ip', ['link', 'delete', 'eth0.100'], { reject: false })
})

test('settings are set, a second time kept, and put back as they were', async () => {
  expect(await settings()).toEqual(started)
  expect(differingSysctls(wantedOnNode(wish))).toHaveLength(started.length)
  const names = (lines: readonly string[]) => lines.map((line) => line.split(':')[0])
  expect(setAll()).toEqual(
    expect.arrayContaining([
      'net.ipv4.conf.all.arp_ignore: 0 -> 1',
      'net.ipv4.conf.all.arp_announce: 0 -> 2',
      'net.ipv4.conf.eth0/100.arp_ignore: 3 -> 1',
      'net.ipv4.vs.conntrack: 0 -> 1',
      'net.ipv6.conf.eth0/100.accept_ra: 1 -> 2',
    ]),
  )
  expect(differingSysctls(wantedOnNode(wish))).toEqual([])
  expect(setAll().filter((line) => line.includes('->'))).toEqual([])
  expect(names(restoreAll()).toSorted()).toEqual(started.map((line) => line.split(' ')[0]))
  expect(await settings()).toEqual(started)
  expect(await readdir(`${folder}/state`)).toEqual([])
})

test('what an administrator changed since is left, and noted values survive a second run', async () => {
  setAll()
  await execa('sysctl', ['-w', 'net.ipv4.ip_forward=0', 'net.ipv4.conf.all.arp_announce=0'])
  setAll()
  await execa('sysctl', ['-w', 'net.ipv4.conf.all.arp_ignore=8'])
  await execa('ip', ['link', 'delete', 'eth0.100'])
  const lines = restoreAll()
  expect(lines).toContain('net.ipv4.ip_forward: 1 -> 0, as it was before')
  expect(lines).toContain('net.ipv4.conf.all.arp_announce: 2 -> 0, as it was before')
  expect(lines).toContain('net.ipv4.conf.all.arp_ignore: 8, not what nodelb set; left as it is')
  expect(lines).toContain('net.ipv4.conf.eth0/100.arp_ignore: no longer there')
  expect(restoreAll()).toEqual([])
})

test('on a full disk nothing is changed that could not be put back', async () => {
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder])
  await execa('dd', ['if=/dev/zero', `of=${folder}/filler`, 'bs=4k', 'count=2'], { reject: false })
  const lines = setAll()
  expect(lines[0]).toContain('net.ipv4.vs.conntrack: is 0, should be 1 (ENOSPC)')
  expect(lines[0]).toContain(`${file} cannot be written`)
  expect(await settings()).toEqual(started)
  await rm(`${folder}/filler`)
  expect(setAll().every((line) => line.includes('->'))).toBe(true)
  const noted = await readFile(file, 'utf8')

  // Full again: what was noted stays whole, and can still be put back.
  await execa('dd', ['if=/dev/zero', `of=${folder}/filler`, 'bs=4k', 'count=2'], { reject: false })
  await execa('sysctl', ['-w', 'net.ipv4.ip_forward=0'])
  expect(setAll()).toContain('net.ipv4.ip_forward: 0 -> 1')
  expect(await readFile(file, 'utf8')).toBe(noted)
  restoreAll()
  expect(await settings()).toEqual(started)
})

test.each([
  ['cut off', '{"sysctls": {"net.ipv4.ip_forward": {"bef'],
  ['of another shape', '{"sysctls": {"net.ipv4.ip_forward": 0}}'],
  ['leading elsewhere', '{"sysctls": {"net.//.//.etc.x": {"before": 0, "set": 1}}}'],
])('a file that is %s is left as it is, and nothing is changed', async (_, text) => {
  await mkdir(`${folder}/state`)
  await writeFile(file, text)
  const lines = setAll()
  expect(lines[0]).toContain('(EBADMSG)')
  expect(lines[0]).toContain(`${file} cannot be read`)
  expect(restoreAll()).toEqual(['EBADMSG'])
  expect(await settings()).toEqual(started)
  expect(await readFile(file, 'utf8')).toBe(text)
})

test('where /proc/sys is read-only each setting says what to do, and is not restored', async () => {
  await execa('mount', ['--bind', '/proc/sys', '/proc/sys'])
  await execa('mount', ['-o', 'remount,bind,ro', '/proc/sys'])
  const lines = setAll()
  await execa('umount', ['/proc/sys'])
  expect(lines).toContain(
    'net.ipv4.ip_forward: is 0, should be 1 (EROFS); run the init container "nodelb prepare", ' +
      'or on the node: sysctl -w net.ipv4.ip_forward=1',
  )
  expect(await settings()).toEqual(started)
})

test('what cannot be put back yet is put back by a later cleanup', async () => {
  setAll()
  await execa('mount', ['--bind', '/proc/sys', '/proc/sys'])
  await execa('mount', ['-o', 'remount,bind,ro', '/proc/sys'])
  const lines = restoreAll()
  await execa('umount', ['/proc/sys'])
  expect(lines).toContain(
    'net.ipv4.ip_forward: not put back (EROFS); run on the node: sysctl -w net.ipv4.ip_forward=0',
  )
  restoreAll()
  expect(await settings()).toEqual(started)
})
