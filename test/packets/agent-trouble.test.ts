import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { nodelb } from '../support/lab.ts'
import { webNode, webObjects } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

/** What `nodelb status` prints, and its exit code. */
async function status(
  ...more: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  const args = [nodelb, 'status', '--status-socket', place.statusSocket, ...more]
  const { exitCode = -1, stdout, stderr } = await execa(process.execPath, args, { reject: false })
  return { code: exitCode, text: stdout + stderr }
}

/** The answer to a probe, from within the node. */
async function probe(path: string): Promise<string> {
  const url = `http://127.0.0.1:10266${path}`
  const script = `const r = await fetch('${url}'); console.log(r.status, (await r.text()).trim())`
  const args = ['--input-type=module', '-e', script]
  return (await place.lab.run(process.execPath, args)).stdout.trim()
}

test('status and probes tell of an agent that starts, works, fails and ends', async () => {
  expect(await status()).toMatchObject({ code: 2, text: expect.stringContaining('no agent') })
  const agent = place.start()
  await agent.next('node-missing')
  expect(await status()).toMatchObject({ code: 1, text: expect.stringContaining('no commit yet') })
  expect(await probe('/readyz')).toBe('503 nothing is committed yet: there is no Node node-a')
  expect(await probe('/livez')).toBe('200 alive')
  place.write(webObjects(['pod-a', 'pod-d']))
  await agent.next('agent-ready')
  const ready = await status()
  expect(ready.code).toBe(0)
  expect(ready.text).toContain('; ours alone\n')
  expect(ready.text).toMatch(/^default\/web +203\.0\.113\.10 +80,80\/udp +2 +serves$/m)
  expect(await probe('/readyz')).toBe('200 ready')
  const generation = /^nodelb_ruleset_generation (\d+)$/m.exec(await probe('/metrics'))?.[1]
  expect(Number(generation)).toBeGreaterThan(0)
  await agent.end('SIGTERM')
  expect(await status()).toMatchObject({ code: 2 })
})

test('without CAP_NET_ADMIN the agent says so, and goes on trying', async () => {
  place.write(webObjects(['pod-a']))
  const without = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--']
  const args = ['-f', place.folder, '--scope', 'all']
  const agent = place.run(args, (command) => [...without, ...command])
  const reason = 'the capability CAP_NET_ADMIN is missing'
  expect(await agent.next('commit-failed')).toMatchObject({ reason })
  expect(await probe('/readyz')).toBe(`503 the kernel took no change: ${reason}`)
  expect(await status()).toMatchObject({ code: 1, text: expect.stringContaining(reason) })
  expect(await probe('/livez')).toBe('200 alive')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(agent.noise).toEqual([])
})

test('a second agent names the first, and takes over when it ends', async () => {
  place.write(webObjects(['pod-a']))
  const first = place.start()
  await first.next('agent-ready')
  const second = place.start('--status-socket', place.path('second.sock'))
  const { reason } = await second.next('commit-failed')
  expect(reason).toContain(`(pid ${first.pid}) owns nodelb's tables`)
  place.write(webObjects(['pod-b']))
  await first.next('kernel-committed')
  expect(await place.answers()).toEqual(['pod-b'])
  await first.end('SIGKILL')
  await second.next('table-owned')
  expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
  await second.next('commits-resumed')
  place.write(webObjects(['pod-c']))
  await second.next('kernel-committed')
  expect(await place.answers()).toEqual(['pod-c'])
})

test('what an agent that was killed leaves behind is no news', async () => {
  place.write([webNode])
  const first = place.start()
  await first.next('server-listening', ({ server }) => server === 'status')
  await first.end('SIGKILL')
  const second = place.start()
  await second.next('server-listening', ({ server }) => server === 'status')
  expect(second.lines.filter(({ event }) => event === 'server-waiting')).toEqual([])
  expect(await status('-o', 'json')).toMatchObject({
    text: expect.stringContaining(`"pid":${second.pid},`),
  })
})

test('an agent without kernel ownership that is worked against says who does it', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start('--config', place.configure({ scope: 'all', ownership: 'none' }))
  await agent.next('agent-ready')
  await place.lab.run('nft', ['add', 'rule', 'ip', 'nodelb', 'dispatch', 'drop'])
  expect(await agent.next('foreign-change')).toMatchObject({ process: 'nft' })
  await agent.next('kernel-committed')
  expect(await place.answers()).toEqual(['pod-a'])
  expect(await status()).toMatchObject({
    code: 0,
    text: expect.stringContaining('; not ours alone: '),
  })
})
