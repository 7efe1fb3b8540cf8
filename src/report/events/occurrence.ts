import type { Scope } from '../../model/node.ts'
import type { MachineCondition } from '../../plan/preflight.ts'
import type { BgpNews } from '../../speaker/bgp/news.ts'
import type { SpeakerNews } from '../../speaker/news.ts'
import type { AddressNews } from '../../watch/addresses/address-news.ts'
import type { Resource } from '../../watch/resources.ts'

/** A text from the kernel, the API server or users; secrets are removed before it is shown. */
type Text = string

/** Everything that is reported to operators. `event` is its name in the log. */
export type Occurrence =
  | { event: 'agent-started'; version: string; node: string; scope: string }
  | { event: 'agent-ready'; operations: number; startMs: number }
  | { event: 'agent-stopping'; reason: Text; rules: 'stay' | 'removed' }
  | { event: 'configuration-loaded'; source: string; notes: readonly Text[] }
  | { event: 'configuration-refused'; source: string; reason: Text }
  | { event: 'configuration-waits'; source: string; reason: Text }
  | { event: 'configuration-failed'; source: string; reason: Text }
  | { event: 'watch-listing'; resource: Resource }
  | { event: 'watch-following'; resource: Resource; resourceVersion: string }
  | { event: 'watch-lost'; resource: Resource; reason: Text; retryMs: number }
  | { event: 'source-problem'; problems: readonly Text[] }
  | { event: 'source-in-order' }
  /** `service`: the Service that suffers from it. */
  | { event: 'object-invalid'; object: string; service?: string; problems: readonly Text[] }
  | { event: 'object-noted'; object: string; problems: readonly Text[] }
  | { event: 'object-in-order'; object: string }
  | ({ event: 'kernel-committed'; compared: boolean; doubt?: Text } & Commit)
  | { event: 'commit-failed'; reason: Text; durationMs: number }
  | { event: 'commits-resumed' }
  | { event: 'service-refused'; service: string; reason: Text }
  | { event: 'service-accepted'; service: string }
  | { event: 'address-contested'; service: string; address: string; winner: string }
  | { event: 'address-refused'; service: string; address: string; reason: Text }
  | { event: 'address-settled'; service: string; address: string }
  | { event: 'more-addresses-denied'; service: string; addresses: number }
  | { event: 'no-more-addresses-denied'; service: string }
  | { event: 'ports-held'; service: string; ports: readonly string[] }
  /** `exists`: whether the Service is still there. */
  | { event: 'ports-free'; service: string; exists: boolean }
  | { event: 'kernel-compared'; durationMs: number; doubt?: Text }
  | { event: 'drift-repaired'; operations: number; found: Text; doubt?: Text }
  | { event: 'foreign-change'; process?: string; pid?: number; changes: Text }
  | { event: 'table-owned' }
  | { event: 'table-not-owned'; reason: Text }
  | { event: 'backend-chosen'; backend: Text; scope: Scope; reason: Text }
  | { event: 'backend-replaced'; removed: readonly Text[] }
  | { event: 'backend-remains'; reason: Text }
  | { event: 'kube-proxy-present'; tables: readonly string[] }
  | { event: 'kube-proxy-gone' }
  | { event: 'condition-found'; condition: Condition; messages: readonly Text[] }
  | { event: 'condition-gone'; condition: Condition }
  | { event: 'flows-deleted'; deleted: number; examined: number }
  | { event: 'conntrack-failed'; reason: Text }
  | { event: 'conntrack-resumed' }
  | { event: 'sysctl-set'; sysctl: string; found: Text }
  | { event: 'sysctl-not-set'; sysctl: string; found: Text }
  | { event: 'node-missing'; node: string }
  | { event: 'node-found'; node: string }
  | { event: 'node-leaving'; reason: Text }
  | { event: 'node-staying' }
  | { event: 'server-listening'; server: Server; address: string }
  | { event: 'server-waiting'; server: Server; address: string; reason: Text; retryMs: number }
  | { event: 'kube-proxy-port-taken'; server: Server; address: string; reason: Text }
  | { event: 'server-closed'; server: Server }
  | { event: 'health-check-waiting'; service: string; port: number; reason: Text }
  | { event: 'health-check-open'; service: string; port: number }
  | { event: 'kubernetes-events-failed'; reason: Text }
  | { event: 'kubernetes-events-resumed'; dropped: number }
  | { event: 'node-status-not-written'; reason: Text }
  | { event: 'node-status-written' }
  | { event: 'log-lines-lost'; lines: number }
  | AddressNews
  | SpeakerNews
  | BgpNews
  | { event: 'bug'; reason: Text }

/** A condition of the node that needs attention, though the agent goes on. */
export type Condition = 'NodeIncomplete' | MachineCondition

/**
 * The size of one transaction, and the time it took. An occurrence also says whether everything
 * programmed was read before, and why the kernel may hold something else all the same.
 */
export interface Commit {
  operations: number
  bytes: number
  durationMs: number
}

export type Server = 'http' | 'metrics' | 'status' | 'kube-proxy-healthz' | 'kube-proxy-metrics'
export type EventName = Occurrence['event']
export type OccurrenceOf<Name extends EventName> = Extract<Occurrence, { event: Name }>
export type Level = 'debug' | 'info' | 'warn' | 'error'
