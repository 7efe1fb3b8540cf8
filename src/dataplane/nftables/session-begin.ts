import { inSteps } from '../../apply/in-steps.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { type KernelState, readKernel } from '../../apply/nftables/read.ts'
import { differencesOf } from '../../exempt/element-diff.ts'
import { ElementRenderer } from '../../exempt/element-renderer.ts'
import { UNREADABLE } from '../../exempt/exemption.ts'
import { unreadableInTables } from '../../exempt/unreadable.ts'
import { kernelMemory } from '../../render/nftables/kernel-memory.ts'
import { heldInTables, recall } from '../../render/nftables/recall.ts'
import { renderInSteps } from '../../render/render.ts'
import type { Goal } from '../dataplane.ts'
import type { Committer } from './committer.ts'
import type { SessionParts } from './compare.ts'

/** What a session of a backend begins with. */
export interface Beginning<Beside> extends Pick<SessionParts, 'committer' | 'read' | 'renderer'> {
  readonly state: KernelState
  /** What the backend has besides its tables. */
  readonly beside: Beside
}

/** What a session is begun with. */
export interface BeginParts {
  readonly socket: NetlinkSocket
  readonly goal: Goal
  readonly tables: Committer
}

/** Reads what the backend has in the kernel, and renders what it has to become. */
export type Begin<Beside> = (parts: BeginParts) => Promise<Beginning<Beside>>

/**
 * Begins a session of the nftables backend, which has nothing beside its tables. Rejects with
 * NetlinkError.
 */
export async function beginWithTables({
  socket,
  goal,
  tables,
}: BeginParts): Promise<Beginning<undefined>> {
  const read = () => readKernel(socket, (from, to) => tables.untouched(from, to))
  const state = await read()
  const renderer = await render(goal, state)
  return { state, read, committer: tables, renderer, beside: undefined }
}

/** Renders the goal; Services that cannot be read stay as the kernel holds them. */
async function render(goal: Goal, { ruleset }: KernelState): Promise<ElementRenderer> {
  const { cluster, node, settings } = recall(goal, heldInTables(ruleset))
  const memory = kernelMemory(ruleset)
  const rendered = await inSteps(renderInSteps(cluster, node, settings, memory))
  const renderer = new ElementRenderer(rendered, node, settings)
  const unreadable = unreadableInTables(ruleset, goal)
  if (unreadable.size === 0) return renderer
  const differences = differencesOf(ruleset, rendered.ruleset(), unreadable)
  for (const [owner, elements] of differences) renderer.exempt(owner, { elements }, UNREADABLE)
  return renderer
}
