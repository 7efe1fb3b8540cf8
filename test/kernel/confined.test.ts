import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confined } from '../e2e/support/confined.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const image = mkdtempSync(join(tmpdir(), 'nodelb-confined-'))
const outside = join(image, 'written')

beforeAll(() => execa(process.execPath, ['scripts/image-files.mjs', image], { cwd: root }))
afterAll(() => rmSync(image, { recursive: true }))

const FORWARDS =
  'for it in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >/proc/sys/net/$it; done; exec "$@"'

/** Runs a command in a network of its own, which forwards as a node does. */
function alone([file, ...args]: readonly [string, ...string[]]) {
  return execa('unshare', ['--net', 'sh', '-c', FORWARDS, 'sh', file, ...args], { reject: false })
}

function shell(script: string) {
  return alone(confined(['sh', '-c', script]))
}

test('the image applies with the privileges of the DaemonSet', async () => {
  const demo = join(root, 'fixtures', 'demo')
  const apply = `"${process.execPath}" "${image}/dist/nodelb.js" apply \
    -f "${demo}/1-web.yaml" -f "${demo}/node.yaml" --node node-a`
  const { stdout, stderr } = await shell(`${apply} && ${apply} && nft list tables`)
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^applied: [1-9]\d* operations, 1 service/),
    expect.stringMatching(/^applied: 0 operations, 1 service/),
    'table ip nodelb',
  ])
})

test('so does the agent, which answers, and leaves its rules when it ends', async () => {
  const node = `"${process.execPath}" "${image}/dist/nodelb.js"`
  const demo = join(root, 'fixtures', 'demo')
  // The log ends when the agent does; its first commit is the moment to ask.
  const { stdout, stderr } = await shell(`
    exec 3>&1
    { ${node} run -f "${demo}/1-web.yaml" -f "${demo}/node.yaml" --node node-a &
      echo $! > /run/nodelb/pid; wait; } | while read -r line; do
      case $line in
        *'"event":"agent-ready"'*)
          ${node} status -o json >&3
          kill -TERM "$(cat /run/nodelb/pid)" ;;
      esac
    done
    nft list tables`)
  expect(stderr).toBe('')
  const [status, tables] = stdout.split('\n')
  expect(JSON.parse(status ?? '')).toMatchObject({ node: 'node-a', ready: true, failing: null })
  expect(tables).toBe('table ip nodelb')
})

test('they are those of CAP_NET_ADMIN and no others', async () => {
  const { stdout } = await shell('grep -E "^(Cap|NoNewPrivs)" /proc/self/status')
  const admin = (1 << 12).toString(16).padStart(16, '0')
  const none = '0'.repeat(16)
  expect(Object.fromEntries(stdout.split('\n').map((line) => line.split(':\t')))).toEqual({
    CapInh: none,
    CapPrm: admin,
    CapEff: admin,
    CapBnd: admin,
    CapAmb: none,
    NoNewPrivs: '1',
  })
})

describe('what the DaemonSet cannot do fails, and succeeds unconfined', () => {
  test.each([
    ['write a file', `echo > "${outside}"`, /Read-only file system/],
    [
      'write beside the status socket',
      'mkdir /run/nodelb-probe && rmdir /run/nodelb-probe',
      /Read-only file system/,
    ],
    ['set a sysctl', 'echo 1 > /proc/sys/net/ipv4/ip_forward', /Read-only file system/],
    ['mount', 'mount -t tmpfs none /mnt', /must be superuser|permission denied/],
    ['make a network', 'unshare --net true', /not permitted/],
  ])('%s', async (_, script, message) => {
    const refused = await shell(script)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toMatch(message)
    const allowed = await alone(['unshare', '--mount', 'sh', '-c', script])
    expect(allowed.stderr).toBe('')
    expect(allowed.exitCode).toBe(0)
  })
})

test('the folder of the status socket can be written to, and starts empty', async () => {
  const { stdout, stderr } = await shell('ls -A /run/nodelb; touch /run/nodelb/x; ls /run/nodelb')
  expect(stderr).toBe('')
  expect(stdout).toBe('x')
})
