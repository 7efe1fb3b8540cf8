import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { Vty } from '../../src/apply/bgp/vty.ts'
import { Janitor } from './lab.ts'

export type FrrDaemon = 'zebra' | 'bfdd' | 'bgpd'

/** Where the daemons are; those of another version can be tried with FRR_PROGRAMS. */
const { FRR_PROGRAMS: PROGRAMS = '/usr/lib/frr' } = process.env

/** What a daemon is told besides where its files are. */
async function optionsOf(daemon: FrrDaemon, folder: string): Promise<readonly string[]> {
  // The kernel is to learn of no route.
  if (daemon === 'bgpd') return ['-n']
  if (daemon === 'zebra') return []
  // FRR 10 has no such option; in 8.4 two bfdd would share one socket.
  const { stdout } = await execa(`${PROGRAMS}/bfdd`, ['--help'])
  return stdout.includes('--bfdctl') ? ['--bfdctl', join(folder, 'bfdd.sock')] : []
}

/** FRR, as its package installs it, in a network namespace of its own. */
export class FrrLab {
  readonly namespace: string = `nodelb-frr-${randomBytes(3).toString('hex')}`
  /** The sockets are there. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'nodelb-frr-'))
  readonly #janitor = new Janitor([this.namespace], this.folder)

  private constructor() {}

  static async start(...daemons: readonly FrrDaemon[]): Promise<FrrLab> {
    const lab = new FrrLab()
    chmodSync(lab.folder, 0o755)
    writeFileSync(join(lab.folder, 'empty.conf'), '')
    await execa('chown', ['frr:frr', lab.folder])
    await execa('ip', ['netns', 'add', lab.namespace])
    await lab.ip('link', 'set', 'lo', 'up')
    for (const daemon of daemons) await lab.run(daemon)
    return lab
  }

  /** Starts a daemon, with more options if need be; when this resolves, its socket takes connections. */
  async run(daemon: FrrDaemon, ...more: readonly string[]): Promise<void> {
    const file = (name: string): string => join(this.folder, name)
    const args = [
      ...['netns', 'exec', this.namespace, `${PROGRAMS}/${daemon}`, '-d', '-f', file('empty.conf')],
      ...['-i', file(`${daemon}.pid`), '--vty_socket', this.folder, '-z', file('zserv.api')],
      ...['-P', '0', '--log', `file:${file(`${daemon}.log`)}`, '-u', 'frr', '-g', 'frr'],
      ...(await optionsOf(daemon, this.folder)),
      ...more,
    ]
    // A daemon keeps what it got as output, so that nobody may wait for the end of a pipe.
    const [code] = await once(spawn('ip', args, { stdio: 'ignore' }), 'exit')
    if (code !== 0) throw new Error(`${daemon} ended with ${code}; is the package frr installed?`)
  }

  /** Starts a daemon as `enter` runs what follows, with nothing but these arguments. */
  async runAs(daemon: FrrDaemon, enter: readonly string[], args: readonly string[]): Promise<void> {
    const command = ['netns', 'exec', this.namespace, ...enter, `${PROGRAMS}/${daemon}`, ...args]
    spawn('ip', command, { stdio: 'ignore' })
    const path = join(this.folder, `${daemon}.vty`)
    for (;;) {
      const opened = await Vty.open({ path, broke: () => undefined })
      if (opened.kind === 'open') return opened.vty.close()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Has the network drop everything that comes and goes. */
  async silence(): Promise<void> {
    const chain = (hook: string): string =>
      `chain ${hook} { type filter hook ${hook} priority 0; drop; }`
    const table = `table inet silence { ${chain('input')}; ${chain('output')}; }`
    await execa('ip', ['netns', 'exec', this.namespace, 'nft', table])
  }

  /** Returns the addresses and ports at which something listens, one on a line. */
  async listeners(): Promise<string> {
    const args = ['netns', 'exec', this.namespace, 'ss', '-Hltn']
    return (await execa('ip', args)).stdout
  }

  async ip(...args: readonly string[]): Promise<void> {
    await execa('ip', ['-n', this.namespace, ...args])
  }

  /** Connects this network with another one, each with an address of a prefix. */
  async connect(other: FrrLab, mine: string, its: string): Promise<void> {
    await this.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'eth0', 'netns', other.namespace)
    for (const [lab, address] of [
      [this, mine],
      [other, its],
    ] as const) {
      await lab.ip('address', 'add', address, 'dev', 'eth0')
      await lab.ip('link', 'set', 'eth0', 'up')
    }
  }

  /** Tells a daemon what to do, as its operator would, and returns what it says. */
  async tell(daemon: FrrDaemon, ...commands: readonly string[]): Promise<readonly string[]> {
    const path = join(this.folder, `${daemon}.vty`)
    const opened = await Vty.open({ path, broke: () => undefined })
    if (opened.kind === 'failed') throw new Error(opened.reason)
    const asked = await opened.vty.ask(commands)
    opened.vty.close()
    if (asked.kind === 'broken') throw new Error(asked.reason)
    const failed = asked.answers.findIndex(({ code }) => code !== 0)
    if (failed >= 0) throw new Error(`${commands[failed]}: ${asked.answers[failed]?.text}`)
    return asked.answers.map(({ text }) => text)
  }

  /** Has a daemon killed, as the kernel would do it for want of memory; resolves when it has ended. */
  async kill(daemon: FrrDaemon): Promise<void> {
    const pid = readFileSync(join(this.folder, `${daemon}.pid`), 'utf8').trim()
    process.kill(Number(pid), 'SIGKILL')
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  async remove(): Promise<void> {
    await this.#janitor.clean()
  }
}

/**
 * Whether a process has not ended. One that is not reaped yet is listed as a zombie; its sockets are closed once
 * its other threads have ended, too.
 */
function isAlive(pid: string): boolean {
  try {
    const isZombie = /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return !isZombie || readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    return false
  }
}
