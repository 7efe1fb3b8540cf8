import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { cleanupCommand } from '../../../src/cli/cleanup.ts'
import { applyCommand } from '../../../src/cli/commands.ts'
import { chooseBackend } from '../../../src/dataplane/backend-choice.ts'
import { apply, diff, fixtureSources, run } from '../../support/commands.ts'

/** Without a word of configuration about the backend, which is auto. */
const sources = fixtureSources(['dual-stack-cluster-ip', 'node-port'], 'text')

const BACKEND = 'nodelb: backend iptables: the kernel says EOPNOTSUPP to a rule set for nftables'
const FLAVOUR = 'nodelb: iptables legacy: the kernel has no nftables (EOPNOTSUPP)'

/** As on a node; what the machine lacks would be told as well. */
beforeAll(() => {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1')
})

async function saved(): Promise<string> {
  const texts = await Promise.all(
    ['iptables-legacy-save', 'ip6tables-legacy-save'].map((file) => execa(file)),
  )
  return texts.map(({ stdout }) => stdout).join('\n')
}

test('a kernel without nftables is given iptables, of the legacy flavour', async () => {
  expect(await chooseBackend()).toMatchObject({ backend: 'iptables' })
  const applied = await run(applyCommand, sources)
  expect(applied.lines).toEqual([BACKEND, FLAVOUR])
  expect(applied).toMatchObject({ code: 0, out: expect.stringMatching(/^applied: \d+ op/) })
  const rules = await saved()
  expect(rules).toContain('-g NODELB-S-tcp-30022')
  expect(rules).toContain('-j DNAT --to-destination [fd00:10:244:1::10]:8080')
  expect(await apply(sources)).toBe(0)
  expect(await diff(sources)).toMatchObject({ code: 0, lines: [BACKEND] })
})

test('and what it got is removed again', async () => {
  const cleaned = await run((_, output) => cleanupCommand(undefined, output), sources)
  expect(cleaned).toMatchObject({ code: 0, lines: [] })
  expect(cleaned.out).toMatch(/^cleaned up: \d+ chains of iptables \(legacy\) removed\n$/)
  expect(await saved()).not.toContain('NODELB')
})
