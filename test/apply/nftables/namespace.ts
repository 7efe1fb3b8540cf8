import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import koffi from 'koffi'

const CLONE_NEWNET = 0x40000000

const run = promisify(execFile)

/** Moves the calling thread to a network of its own; sockets and processes it opens go with it. */
export function enterNewNetwork(): void {
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)')
  if (unshare(CLONE_NEWNET) !== 0) throw new Error('unshare failed: these tests need root')
  for (const setting of FORWARDING) writeFileSync(`/proc/sys/net/${setting}`, '1')
}

/** A node that does not forward is told so by every command. */
const FORWARDING = ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']

export async function nft(...args: readonly string[]): Promise<string> {
  return (await run('nft', args, { maxBuffer: 1 << 28 })).stdout
}

/** nft cannot read a pipe as its standard input. */
export async function nftLoad(text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nodelb-'))
  try {
    const file = join(folder, 'rules.nft')
    await writeFile(file, text)
    await nft('-f', file)
  } finally {
    await rm(folder, { recursive: true })
  }
}
