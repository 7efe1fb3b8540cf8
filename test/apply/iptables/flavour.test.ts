import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { chooseFlavour, type FlavourChoice } from '../../../src/apply/iptables/flavour.ts'
import { FLAVOURS, type Flavour } from '../../../src/apply/iptables/programs.ts'
import { enterNewNetwork } from '../nftables/namespace.ts'
import { iptables, listing } from './namespace.ts'

beforeEach(() => enterNewNetwork())

async function chosen(wanted: Flavour | 'auto' = 'auto', path = host('nft')) {
  const choice: FlavourChoice = await chooseFlavour(wanted, path)
  if (choice.kind === 'unavailable') throw new Error(choice.reason)
  const { programs, reason, leftover } = choice
  return { flavour: programs.flavour, reason, leftover: leftover?.flavour }
}

/** What PATH is on a host whose `iptables` is of that flavour, of course. */
function host(flavour: Flavour): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-host-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  symlinkSync(`/usr/sbin/xtables-${flavour}-multi`, join(folder, 'iptables'))
  return folder
}

test.each(FLAVOURS)('where there are no rules, the flavour of the host: %s', async (flavour) => {
  expect(await chosen('auto', host(flavour))).toEqual({
    flavour,
    reason: `the program iptables of this host is ${flavour}`,
    leftover: undefined,
  })
  // Looking makes no tables.
  for (const name of FLAVOURS) expect(await listing(name)).toBe('')
})

test.each(FLAVOURS)('where others have more rules: %s', async (flavour) => {
  for (const name of FLAVOURS) await iptables(name, '-A INPUT -p tcp -j ACCEPT')
  await iptables(flavour, '-A INPUT -p udp -j ACCEPT', 'ip6')
  const other = FLAVOURS.find((name) => name !== flavour)
  expect(await chosen()).toMatchObject({
    flavour,
    reason: `others have 2 rules there, 1 in ${other}`,
  })
})

test.each(FLAVOURS)('where nodelb is already: %s', async (flavour) => {
  await iptables(flavour, '-t nat -N NODELB-DISPATCH')
  for (const name of FLAVOURS) await iptables(name, '-A INPUT -p tcp -j ACCEPT')
  await iptables('nft', '-A INPUT -p tcp -j ACCEPT')
  expect(await chosen()).toEqual({
    flavour,
    reason: 'the chains of nodelb are there already',
    leftover: undefined,
  })
})

test.each(FLAVOURS)('where the kubelet is, before all else: %s', async (flavour) => {
  const other = FLAVOURS.find((name) => name !== flavour) ?? flavour
  await iptables(flavour, '-t mangle -N KUBE-IPTABLES-HINT')
  await iptables(other, '-t nat -N NODELB-DISPATCH')
  await iptables(other, '-A INPUT -p tcp -j ACCEPT')
  expect(await chosen()).toEqual({
    flavour,
    reason: 'the kubelet made the chain KUBE-IPTABLES-HINT there',
    leftover: other,
  })
})

test('as the configuration says, and what is left in the other is told', async () => {
  await iptables('nft', '-t nat -N NODELB-DISPATCH', 'ip6')
  expect(await chosen('legacy')).toEqual({
    flavour: 'legacy',
    reason: 'the configuration says so',
    leftover: 'nft',
  })
})
