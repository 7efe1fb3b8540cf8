import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../../src/model/unreachable.ts'
import { Lab } from '../support/lab.ts'
import { RunningAgent } from '../support/running-agent.ts'
import { ApiObjects } from './api-objects.ts'
import { configure } from './configuration.ts'
import { damage } from './damage.ts'
import { FolderObjects } from './folder-objects.ts'
import { ForeignCommitter } from './foreign.ts'
import { NODE } from './manifests.ts'
import type { End, Objects } from './objects.ts'
import {
  type Choice,
  FIRST,
  type SourceName,
  type Span,
  type Step,
  type Steps,
} from './schedule.ts'
import { Watcher } from './watcher.ts'

const LISTEN = '127.0.0.1:10266'
/** Milliseconds; the agent itself promises a second, of a machine that is not busy. */
const LONGEST_END_MS = 15_000

export interface Alarms {
  /** The agent ended, and nothing here ended it. */
  readonly died: (how: string) => void
  readonly moment: (what: string) => void
}

/** Namespaces, a source of objects, an agent and those who disturb it; all of it goes at the end. */
export class World {
  readonly lab: Lab
  readonly objects: Objects
  readonly watcher: Watcher
  readonly #scratch: string
  readonly #foreign: ForeignCommitter
  readonly #alarms: Alarms
  #choice: Choice = FIRST.choice
  #agent: RunningAgent | undefined
  /** Resolves when the agent has read its configuration, or ended. */
  #begun: Promise<unknown> = Promise.resolve()
  /** The one that was started last, whatever became of it. */
  #last: RunningAgent | undefined

  static async build(source: SourceName, alarms: Alarms): Promise<World> {
    const scratch = mkdtempSync(join(tmpdir(), 'nodelb-soak-'))
    const lab = await Lab.build()
    const objects =
      source === 'api'
        ? await ApiObjects.open(scratch, lab.namespace('node'))
        : new FolderObjects(scratch)
    const world = new World({ scratch, lab, objects, alarms })
    for (const object of FIRST.objects) await objects.change({ kind: 'put', object })
    const agent = world.#start()
    await world.#begun
    await agent.next('agent-ready')
    return world
  }

  private constructor(parts: Pick<World, 'lab' | 'objects'> & { scratch: string; alarms: Alarms }) {
    const { lab, objects, scratch, alarms } = parts
    this.lab = lab
    this.objects = objects
    this.#scratch = scratch
    this.#alarms = alarms
    mkdirSync(join(scratch, 'followed'))
    this.#configure(this.#choice)
    this.#foreign = new ForeignCommitter(this.#inNode)
    this.watcher = new Watcher(lab, () => this.isReady(), alarms.moment)
  }

  /** What is configured, as the agent is to have understood it. */
  get choice(): Choice {
    return this.#choice
  }

  /** The configuration for programs that run beside the agent: always valid. */
  get configuration(): string {
    return join(this.#scratch, 'valid.yaml')
  }

  get foreignCommits(): number {
    return this.#foreign.commits
  }

  get isAlive(): boolean {
    return this.#agent !== undefined
  }

  async isReady(): Promise<boolean> {
    return (await this.lab.get('node', `http://${LISTEN}/readyz`)) === 200
  }

  /** The last lines of the agent's log. */
  logTail(lines: number): string {
    return this.#last?.transcript().split('\n').slice(-lines).join('\n') ?? ''
  }

  async act(steps: Steps): Promise<void> {
    for (const step of steps) await this.#do(step)
  }

  /** A process that knows nothing of what the one before believed. */
  async restart(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.#end(signal)
    this.#start()
  }

  async close(): Promise<void> {
    await this.watcher.stop()
    await this.#end('SIGKILL')
    await this.#foreign.end()
    await this.objects.close()
    await this.lab.remove()
    rmSync(this.#scratch, { recursive: true })
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'objects':
        for (const change of step.changes) await this.objects.change(change)
        return
      case 'configure':
        return this.#configure(step.choice)
      case 'flip':
        return this.#flip(step.choices, step.waitMs)
      case 'foreign-commits':
        this.#foreign.rate = step.hz
        return
      case 'damage':
        return this.watcher.pardon(() => damage(this.lab, step.damage))
      case 'kill':
        return this.restart('SIGKILL')
      case 'restart':
        return this.restart('SIGTERM')
      case 'connections-cut':
        return this.objects.cut(step.compact)
      case 'during': {
        const end = await this.#begin(step.span)
        await this.act(step.steps)
        await pause(step.ms)
        await end()
        // What was damaged meanwhile is repaired from here on.
        this.watcher.extend()
        return
      }
      default:
        unreachable(step)
    }
  }

  async #begin(span: Span): Promise<End> {
    switch (span.kind) {
      case 'agent-stopped':
        this.#agent?.kill('SIGSTOP')
        return async () => this.#agent?.kill('SIGCONT')
      case 'agent-killed':
        await this.#end('SIGKILL')
        return async () => void this.#start()
      case 'configuration-invalid':
        // An agent that starts with it ends, as it should.
        await this.#begun
        writeFileSync(this.#followed, span.text)
        return async () => this.#configure(this.#choice)
      case 'api-server-stopped': {
        const end = await this.objects.begin(span)
        // Repair does not need the API server, so it may not wait for it.
        return () => this.watcher.healed().then(end)
      }
      case 'credentials-torn':
      case 'object-torn':
        return this.objects.begin(span)
      default:
        return unreachable(span)
    }
  }

  async #flip(choices: readonly Choice[], waitMs: number): Promise<void> {
    for (const [at, choice] of choices.entries()) {
      if (at > 0) await pause(waitMs)
      this.#configure(choice)
    }
  }

  #configure(choice: Choice): void {
    this.#choice = choice
    configure(this.configuration, choice)
    configure(this.#followed, choice)
  }

  get #followed(): string {
    return join(this.#scratch, 'followed', 'config.yaml')
  }

  get #inNode(): readonly string[] {
    return ['ip', 'netns', 'exec', this.lab.namespace('node')]
  }

  #start(): RunningAgent {
    const args = [
      ...['--node', NODE, '--config', this.#followed, '--listen', LISTEN],
      ...['--status-socket', join(this.#scratch, 'status.sock'), ...this.objects.args],
    ]
    // It ends with this process, however that ends.
    const bound = (command: readonly string[]) => ['setpriv', '--pdeathsig', 'KILL', ...command]
    const agent = RunningAgent.start(this.#inNode, args, bound)
    this.#agent = agent
    this.#last = agent
    this.#begun = agent.next('agent-started').catch(() => undefined)
    void agent.ended().then((how) => {
      if (this.#agent !== agent) return
      this.#agent = undefined
      this.#alarms.died(`${how}`)
    })
    return agent
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const agent = this.#agent
    this.#agent = undefined
    if (agent === undefined) return
    const late = pause(LONGEST_END_MS, undefined, { ref: false })
    const how = await Promise.race([agent.end(signal), late])
    // One that has just been started knows no signals yet.
    if (how === signal || how === 0) return
    this.#alarms.died(
      how === undefined ? `not, within ${LONGEST_END_MS} ms of ${signal}` : `${how}`,
    )
    await agent.end('SIGKILL')
  }
}
