import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa, type ResultPromise } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { RunningAgent } from '../support/running-agent.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

/** Bytes; the file takes one page of it, and so does its draft. */
const SIZE = 64 * 1024

/** A small disk in a mount namespace of its own, which is gone with its last process. */
class Disk {
  readonly #holder: ResultPromise
  readonly #path: string

  private constructor(holder: ResultPromise, path: string) {
    this.#holder = holder
    this.#path = path
  }

  static async mount(path: string): Promise<Disk> {
    const script = `mkdir -p "$1" && mount -t tmpfs -o size=${SIZE} nodelb "$1" && echo ready && exec cat`
    const command = ['--mount', '--propagation=private', 'sh', '-c', script, 'sh', path]
    const holder = execa('unshare', command, { stdout: 'pipe' })
    await once(holder.stdout, 'data')
    return new Disk(holder, path)
  }

  /** Returns a command line that runs `command` where the disk is mounted. */
  seenBy(command: readonly string[]): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.#holder.pid}/ns/mnt`, '--', ...command]
  }

  file(name: string): string {
    return join(`/proc/${this.#holder.pid}/root`, this.#path, name)
  }

  fill(): void {
    expect(() => writeFileSync(this.file('filler'), Buffer.alloc(SIZE))).toThrow('ENOSPC')
  }

  empty(): void {
    rmSync(this.file('filler'))
  }

  /** The kernel does not remount a disk with a file that is open for writing, as the lock is. */
  async cover(): Promise<void> {
    await this.#run('mount', '--bind', '--options', 'ro', this.#path, this.#path)
  }

  async uncover(): Promise<void> {
    await this.#run('umount', this.#path)
  }

  async remove(): Promise<void> {
    this.#holder.kill()
    await this.#holder.catch(() => undefined)
  }

  async #run(...command: readonly string[]): Promise<void> {
    const [file = '', ...args] = this.seenBy(command)
    await execa(file, args)
  }
}

let place: AgentLab
let disk: Disk

beforeEach(async () => {
  place = await AgentLab.build()
  disk = await Disk.mount(place.path('state'))
})

afterEach(async () => {
  await place?.remove()
  await disk?.remove()
})

const namespace = 'default'
const pool = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { namespace: 'metallb-system', name: 'production' },
  spec: { addresses: ['203.0.113.40-203.0.113.49'] },
}

/** A Service as people write it, without a status, and its endpoint. */
function served(name: string, clusterIP: string, created: string): readonly object[] {
  const families = { ipFamilies: ['IPv4'], clusterIP, clusterIPs: [clusterIP] }
  const { status: _, ...manifest } = webService(families) as { readonly status: unknown }
  const [slice] = webSlices(['pod-a'])
  const labels = { 'kubernetes.io/service-name': name }
  return [
    { ...manifest, metadata: { namespace, name, creationTimestamp: created } },
    { ...slice, metadata: { namespace, name: `${name}-ipv4`, labels } },
  ]
}

const web = served('web', '10.96.0.10', '2024-01-01T00:00:00Z')
const late = served('late', '10.96.0.11', '2025-01-01T00:00:00Z')
/** It would go before the others if nobody had an address. */
const oldest = served('oldest', '10.96.0.12', '2020-01-01T00:00:00Z')

function write(...services: readonly (readonly object[])[]): void {
  place.write([webNode, pool, ...services.flat()])
}

function start(): RunningAgent {
  const args = ['-f', place.folder, '--scope', 'all', '--state', place.path('state')]
  return place.run(args, (command) => disk.seenBy(command))
}

function gets(agent: RunningAgent, name: string): Promise<unknown> {
  return agent.next('addresses-changed', ({ service }) => service === `${namespace}/${name}`)
}

async function answers(address: string): Promise<string> {
  return (await place.answers({ to: `${address}:80` })).join()
}

/** Resolves with the commit after which the address leads to the pod; each change may be its own. */
async function reaches(agent: RunningAgent, address: string): Promise<void> {
  do await agent.next('kernel-committed')
  while ((await answers(address)) !== 'pod-a')
}

async function condition(): Promise<string> {
  const { stdout } = await place.lab.nodelb(['status', '--status-socket', place.statusSocket])
  return stdout
}

interface Trouble {
  readonly begins: () => unknown
  readonly ends: () => unknown
  readonly reason: string
}

const troubles: readonly (readonly [string, Trouble])[] = [
  [
    'full',
    {
      begins: () => disk.fill(),
      ends: () => disk.empty(),
      reason: 'no space is left on the device',
    },
  ],
  [
    'read-only',
    {
      begins: () => disk.cover(),
      ends: () => disk.uncover(),
      reason: 'the file system is read-only',
    },
  ],
]

test.each(troubles)(
  'a disk that is %s is told, costs no address, and what was given meanwhile is saved afterwards',
  async (_, { begins, ends, reason }) => {
    write(web)
    const first = start()
    await gets(first, 'web')
    await reaches(first, '203.0.113.40')
    const saved = readFileSync(disk.file('addresses.state'), 'utf8')

    await begins()
    write(web, late)
    const folder = place.path('state')
    expect(await first.next('addresses-not-saved')).toMatchObject({ level: 'warn', folder, reason })
    await reaches(first, '203.0.113.41')
    expect(await answers('203.0.113.40')).toBe('pod-a')
    const unsaved = `addresses are not saved, so a restart may change them: ${folder}: ${reason}`
    expect(await condition()).toContain(unsaved)
    expect(readFileSync(disk.file('addresses.state'), 'utf8')).toBe(saved)

    // What was saved before holds over a restart on such a disk, too.
    await first.end('SIGKILL')
    write(oldest, web)
    const second = start()
    await second.next('addresses-not-saved')
    second.rewind()
    expect(await gets(second, 'oldest')).toMatchObject({ addresses: ['203.0.113.41'] })
    await reaches(second, '203.0.113.41')
    expect(await answers('203.0.113.40')).toBe('pod-a')

    await ends()
    await second.next('addresses-saved')
    expect(await condition()).not.toContain('addresses are not saved')
    await second.end('SIGKILL')
    const third = start()
    await reaches(third, '203.0.113.41')
    expect(await answers('203.0.113.40')).toBe('pod-a')
    expect(third.lines.filter(({ event }) => event === 'addresses-changed')).toEqual([])
  },
)
