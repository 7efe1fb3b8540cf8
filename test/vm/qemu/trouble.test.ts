import { rename } from 'node:fs/promises'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { nodelb } from '../../support/lab.ts'
import { bound, servers, sysctl, table, useDataplanes } from './ipvs.ts'

useDataplanes()

/** Else each command says that the node does not forward. */
beforeAll(() => execa('sysctl', ['-qw', 'net.ipv4.ip_forward=1']))

const fixture = fileURLToPath(
  new URL('../../../fixtures/myweb-without-kube-proxy/', import.meta.url),
)
const kernel = `/usr/lib/modules/${release()}/kernel/net`

interface Ended {
  readonly code: number | undefined
  /** Standard error, by line. */
  readonly lines: readonly string[]
}

/** The shipped program; `below` is a command that takes something from it. */
async function run(verb: 'apply' | 'diff', below: readonly string[] = []): Promise<Ended> {
  const files = ['-f', `${fixture}input.yaml`, '-f', `${fixture}node.yaml`]
  const options = [...files, '--config', `${fixture}config.yaml`, '--node', 'node-a']
  const [file = '', ...args] = [...below, process.execPath, nodelb, verb, '--backend', 'ipvs']
  const { exitCode, stderr } = await execa(file, [...args, ...options], { reject: false })
  return { code: exitCode, lines: stderr.split('\n').filter(Boolean) }
}

async function expectNothing(): Promise<void> {
  expect(await table()).not.toContain('nodelb')
  expect(await bound()).toEqual([])
  expect((await execa('ip', ['-o', 'link'])).stdout).not.toContain('kube-ipvs0')
  expect(await servers()).toBe('\n')
}

async function expectAll(): Promise<void> {
  expect(await run('apply')).toEqual({ code: 0, lines: [] })
  await expect(await servers()).toMatchFileSnapshot('./myweb.ipvsadm')
  expect(await bound()).toEqual(['10.233.19.105/32', '192.168.100.240/32'])
  expect(sysctl('net.ipv4.conf.all.arp_ignore')).toBe('1')
  expect(await run('diff')).toEqual({ code: 0, lines: [] })
}

/** Takes modules out of the kernel, those that use others first. */
async function unload(pattern: RegExp): Promise<void> {
  for (;;) {
    const { stdout } = await execa('lsmod')
    const unused = stdout.split('\n').filter((line) => pattern.test(line) && / 0 *$/.test(line))
    if (unused.length === 0) return
    await execa(
      'rmmod',
      unused.map((line) => line.split(' ')[0] ?? ''),
    )
  }
}

const MODULES = [
  {
    module: `${kernel}/netfilter/ipvs/ip_vs.ko`,
    loaded: /^ip_vs/,
    says: 'nothing was changed: ipvs: ENOENT, the kernel has no ipvs: load the kernel module ip_vs',
  },
  {
    module: `${kernel}/../drivers/net/dummy.ko`,
    loaded: /^dummy/,
    says:
      'nothing was changed: link kube-ipvs0 type dummy: EOPNOTSUPP, ' +
      'the kernel has no dummy interfaces: load the kernel module dummy',
  },
  {
    module: `${kernel}/netfilter/nf_tables.ko`,
    loaded: /^(nft_|nf_tables)/,
    says: 'nf_tables: EINVAL, the kernel has no nftables: load the kernel module nf_tables',
  },
] as const

test.each(MODULES)('$says', async ({ module, loaded, says }) => {
  await unload(loaded)
  await rename(module, `${module}.away`)
  const ended = await run('apply')
  await rename(`${module}.away`, module)
  expect(ended).toEqual({ code: 2, lines: [`nodelb: ${says}`] })
  await expectNothing()
  await expectAll()
})

test('without the capability nothing is changed, and that is said in a line', async () => {
  const below = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin']
  const line =
    'nodelb: not allowed to read or change the rule set: the capability CAP_NET_ADMIN is missing'
  expect(await run('apply', below)).toEqual({ code: 2, lines: [line] })
  await expectNothing()
  await expectAll()
})
