import { expect, test } from 'vitest'
import { NetlinkError } from '../../src/apply/netlink/netlink-error.ts'
import { kernelReason, orFailed } from '../../src/dataplane/outcome.ts'

const file = '/proc/thread-self/net/netlink'
const call = { code: 'EMFILE', syscall: 'open' }

test.each<[string, unknown, string]>([
  [
    'a file when no descriptors are left',
    Object.assign(new Error(`EMFILE: too many open files, open '${file}'`), call),
    'raise the limit of open files',
  ],
  [
    'a socket when no descriptors are left',
    new NetlinkError('ENFILE', 'socket'),
    'raise the limit',
  ],
  ['what is not permitted', new NetlinkError('EPERM', 'send'), 'CAP_NET_ADMIN is missing'],
  ['what the kernel refused', new NetlinkError('ENOENT', 'table nodelb'), 'table nodelb: ENOENT'],
  ['a bug', new TypeError('x is undefined'), 'unexpected: TypeError: x is undefined'],
])('%s is told in words', (_, error, reason) => {
  expect(kernelReason(error)).toContain(reason)
})

test('a commit for which no descriptors are left fails with what helps', async () => {
  const task = (): Promise<never> => {
    throw new NetlinkError('EBADF', 'netlink socket', { explanation: `EMFILE, open '${file}'` })
  }
  const outcome = await orFailed(task)
  expect(outcome.reason).toContain('raise the limit of open files')
})
