// The measured processes. Bundled before it runs, as dist/nodelb.js is, so that memory and start-up
// are those of the program and not of a compiler.

import { affinityCosts } from './affinity.ts'
import { allocationCosts } from './allocation.ts'
import { bigServiceCosts } from './big-service.ts'
import { connectionCosts } from './connections.ts'
import { measureFirstPackets } from './first-packets.ts'
import { comparisonCosts } from './large.ts'
import { runNft, runNftFile, runRestoreFile } from './nft.ts'
import { measurePackets } from './packets.ts'
import {
  forward,
  joinAsClient,
  openFlows,
  sendKept,
  sendRounds,
  setAnswering,
} from './path-ends.ts'
import type { Answered, Answers, Asked, Question, Questions } from './protocol.ts'
import { Subject } from './subject.ts'
import { Writer } from './writer.ts'

type Handlers = {
  readonly [Kind in Question]: (about: Questions[Kind]) => Promise<Answers[Kind]> | Answers[Kind]
}

const subject = new Subject()
const writer = new Writer()

const handlers: Handlers = {
  comparison: ({ size }) => comparisonCosts(size),
  build: ({ size, backend }) => {
    writer.size = size
    return subject.build(size, backend)
  },
  start: () => subject.start(),
  change: (change) => subject.change(change),
  print: ({ file, extraFile }) => writer.print(file, extraFile),
  changeText: (change) => ({ text: writer.change(change) }),
  nftFile: ({ file }) => runNftFile(file),
  nftText: ({ text }) => runNft(['-f', '-'], text),
  flush: () => runNft(['flush', 'ruleset']),
  packets: ({ counts }) => measurePackets(counts),
  printChains: ({ file }) => writer.printChains(file),
  restoreFile: ({ file, backend }) => runRestoreFile(file, backend),
  firstPackets: ({ services, backend }) => measureFirstPackets(services, backend),
  affinity: ({ times }) => affinityCosts(times),
  connections: ({ backend, metered }) => connectionCosts(backend, metered),
  bigService: ({ endpoints }) => bigServiceCosts(endpoints),
  pathNode: (about) => forward(about),
  pathClient: () => joinAsClient(),
  pathPods: ({ answering }) => setAnswering(answering),
  pathOpen: ({ to }) => openFlows(to),
  pathKept: ({ rounds }) => sendKept(rounds),
  pathRounds: ({ to, rounds }) => sendRounds(to, rounds),
  allocation: ({ services, nodes }) => allocationCosts(services, nodes),
}

function handle<Kind extends Question>({ kind, about }: Asked<Kind>) {
  return handlers[kind](about)
}

process.on('message', async (asked: Asked) => {
  let answered: Answered
  try {
    answered = { kind: 'answer', answer: await handle(asked) }
  } catch (error) {
    answered = { kind: 'failed', reason: error instanceof Error ? `${error.stack}` : `${error}` }
  }
  process.send?.(answered)
})

// The session's socket would keep the process alive.
process.on('disconnect', () => process.exit(0))
