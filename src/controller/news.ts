import type { Logger } from 'pino'
import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'

/** What the controller logs. */
export type ControllerNews =
  | { readonly event: 'controller-started'; readonly version: string; readonly identity: string }
  | { readonly event: 'controller-stopping'; readonly reason: string }
  | { readonly event: 'leading' }
  | { readonly event: 'following'; readonly leader: string }
  | { readonly event: 'lease-failed'; readonly reason: string }
  | { readonly event: 'watch-lost'; readonly resource: string; readonly reason: string }
  | { readonly event: 'watch-following'; readonly resource: string }
  | {
      readonly event: 'status-written'
      readonly service: ServiceName
      readonly addresses: readonly string[]
      readonly reason: string
    }
  | { readonly event: 'status-not-written'; readonly service: ServiceName; readonly reason: string }
  | {
      readonly event: 'status-contested'
      readonly service: ServiceName
      readonly managers: readonly string[]
    }
  | {
      readonly event: 'object-problems'
      readonly object: string
      readonly problems: readonly string[]
    }
  | { readonly event: 'allocation-problem'; readonly object: string; readonly message: string }
  | { readonly event: 'counters-not-written'; readonly pool: string; readonly reason: string }
  | { readonly event: 'configuration-state-not-written'; readonly reason: string }
  | { readonly event: 'events-failed'; readonly reason: string }
  | { readonly event: 'configuration-refused'; readonly source: string; readonly reason: string }
  | { readonly event: 'listen-failed'; readonly at: string; readonly reason: string }
  | { readonly event: 'ui-listening'; readonly at: string }
  | { readonly event: 'ui-listen-failed'; readonly at: string; readonly reason: string }
  | { readonly event: 'bug'; readonly reason: string }

/** Logs news at its level, with a sentence for people. */
export function logNews(log: Logger, news: ControllerNews): void {
  log[levelOf(news)](news, sentenceOf(news))
}

function levelOf({ event }: ControllerNews): 'info' | 'warn' | 'error' {
  switch (event) {
    case 'controller-started':
    case 'controller-stopping':
    case 'leading':
    case 'following':
    case 'watch-following':
    case 'status-written':
    case 'ui-listening':
      return 'info'
    case 'lease-failed':
    case 'watch-lost':
    case 'status-not-written':
    case 'status-contested':
    case 'object-problems':
    case 'allocation-problem':
    case 'counters-not-written':
    case 'configuration-state-not-written':
    case 'events-failed':
    case 'configuration-refused':
    case 'listen-failed':
    case 'ui-listen-failed':
      return 'warn'
    case 'bug':
      return 'error'
    default:
      return unreachable(event)
  }
}

const SENTENCES: Readonly<Record<ControllerNews['event'], string>> = {
  'controller-started': 'the controller has started',
  'controller-stopping': 'the controller ends and gives the Lease back',
  leading: 'this replica allocates addresses now',
  following: 'another replica allocates addresses',
  'lease-failed': 'the Lease cannot be read or written; it is tried again every 2 s',
  'watch-lost': 'changes of this kind are not heard; no address changes because of it',
  'watch-following': 'changes of this kind are heard',
  'status-written': 'the status of a Service was written',
  'status-not-written': 'the status of a Service could not be written; it is tried again',
  'status-contested':
    'another program replaces the status of this Service again and again; it is left alone for an hour',
  'object-problems': 'an object is not as it should be',
  'allocation-problem': 'something about addresses should be settled by a person',
  'counters-not-written': 'the counters of a pool could not be written; they are tried again',
  'configuration-state-not-written':
    'the ConfigurationState could not be written; it is tried again',
  'events-failed': 'Kubernetes Events cannot be sent',
  'configuration-refused': 'the configuration cannot be used; the former one stays in force',
  'listen-failed': 'probes and metrics cannot be answered at this address; it is tried again',
  'ui-listening': 'the page is served at this address',
  'ui-listen-failed': 'the page cannot be served at this address; it is tried again',
  bug: 'a bug: the process ends',
}

function sentenceOf({ event }: ControllerNews): string {
  return SENTENCES[event]
}
