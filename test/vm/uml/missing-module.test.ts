import { rename } from 'node:fs/promises'
import { release } from 'node:os'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { emptyKernelIpvs } from '../../../src/ruleset/ipvs/types.ts'
import { commit, id, properties, read, useIpvs } from './ipvs.ts'

const sockets = useIpvs()
const module = `/usr/lib/modules/${release()}/kernel/net/netfilter/ipvs/ip_vs.ko`

test('a kernel without ipvs holds nothing, says what is missing, and loads it when it can', async () => {
  const { stdout } = await execa('lsmod')
  const loaded = [...stdout.matchAll(/^ip_vs\w*/gm)].map(([name]) => name)
  await execa('rmmod', [...loaded.filter((name) => name !== 'ip_vs'), 'ip_vs'], { reject: false })
  await rename(module, `${module}.away`)
  const server = id('10.96.0.10', 80)
  const plan = [{ kind: 'add-server', server, properties: properties() }] as const
  expect(await read(sockets())).toEqual(emptyKernelIpvs)
  const { failures } = await commit(sockets(), plan)
  await rename(`${module}.away`, module)
  expect(failures).toEqual([
    {
      operation: plan[0],
      errno: 'ENOENT',
      reason: 'the kernel has no ipvs: load the kernel module ip_vs',
    },
  ])
  expect(await commit(sockets(), plan)).toEqual({ done: 1, failures: [] })
})
