import { afterEach, expect, test, vi } from 'vitest'
import { AttributeWriter, readAttributes } from '../../../src/apply/netlink/attributes.ts'
import { askGeneration } from '../../../src/apply/netlink/generation.ts'
import {
  hostU32,
  readU16,
  readU32,
  writeU16,
  writeU32,
} from '../../../src/apply/netlink/host-order.ts'
import { NetlinkError } from '../../../src/apply/netlink/netlink-error.ts'
import { watchSilence } from '../../../src/apply/netlink/silence.ts'
import { sendFromThread } from '../../../src/apply/netlink/threaded-send.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('numbers in the order of the host are read as they were written', () => {
  const writer = new AttributeWriter(64)
  writeU16(writer, 1, 0xabcd)
  writeU32(writer, 2, 0xfedcba98)
  const read = readAttributes(writer.finish())
  expect(readU16(read.get(1))).toBe(0xabcd)
  expect(readU32(read.get(2))).toBe(0xfedcba98)
  expect(readU32(hostU32(0xfedcba98))).toBe(0xfedcba98)
})

test('a number that is missing or cut short is 0', () => {
  expect([readU16(undefined), readU16(Buffer.alloc(1, 1))]).toEqual([0, 0])
  expect([readU32(undefined), readU32(Buffer.alloc(3, 1))]).toEqual([0, 0])
})

test.each<[string, () => Promise<readonly never[]>, object]>([
  ['says nothing', async () => [], { code: 'EBADMSG' }],
  [
    'has no nftables',
    () => Promise.reject(new NetlinkError('EINVAL', 'x')),
    { message: expect.stringContaining('load the kernel module nf_tables') },
  ],
  ['refuses', () => Promise.reject(new NetlinkError('EPERM', 'x')), { code: 'EPERM' }],
  ['fails otherwise', () => Promise.reject(new Error('broken')), { message: 'broken' }],
])('a kernel that %s has no generation', async (_, ask, failure) => {
  await expect(askGeneration(ask)).rejects.toMatchObject(failure)
})

test('silence is over with each sign of life, and nothing expires once it is no longer watched', async () => {
  vi.useFakeTimers()
  let [signs, expired] = [0, 0]
  watchSilence(
    100,
    () => signs,
    () => expired++,
  )
  signs++
  await vi.advanceTimersByTimeAsync(150)
  expect(expired).toBe(0)
  await vi.advanceTimersByTimeAsync(150)
  expect(expired).toBe(1)
  const stop = watchSilence(
    100,
    () => signs,
    () => expired++,
  )
  vi.advanceTimersByTime(100)
  stop()
  await vi.advanceTimersByTimeAsync(300)
  expect(expired).toBe(1)
})

test('what a thread could not send is told with the reason', async () => {
  const code = await new Promise((resolve) => sendFromThread(-1, Buffer.alloc(4), resolve))
  expect(code).toBe('EBADF')
})
