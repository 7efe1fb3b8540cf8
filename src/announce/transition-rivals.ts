import type { Answering, Dispute, Looks, Spot } from './spot.ts'
import {
  CONFLICT_MS,
  type Draft,
  enter,
  greeting,
  HELD_MS,
  looksFrom,
  PROBE_GAP_MS,
  type Rival,
  withdraw,
} from './transition-draft.ts'

// What a node does that answers for an address while another one may answer, too: a member, or a stranger.

/** For so long a doubted answer is compared with what the wire says. */
const DOUBT_MS = 150
/** For so long two members that answer and hear each other may agree by beats. */
const AGREE_MS = 100
/** After so long the other one would have given way, if its agent was at work. */
export const ALONE_MS = 300
/** A stranger that claims an address is asked after so many milliseconds without a claim. */
const QUIET_MS = 10_000
/** How often it is asked then. */
const QUESTIONS = 2

/**
 * Goes on answering, but asks the wire whether another member answers as well. Returns the phase that
 * the spot is in now.
 */
export function doubt(draft: Draft, spot: Spot, phase: Answering): Answering {
  if (phase.doubtedUntil <= draft.now || phase.asksAt !== undefined) draft.probes.push(spot)
  draft.changed = true
  const doubted = { ...phase, asksAt: undefined, doubtedUntil: draft.now + DOUBT_MS }
  enter(draft, spot, doubted)
  return doubted
}

/**
 * Another member answers as well, or may soon. Where halves of a LAN were joined, beats say which of the two goes
 * on. If both gave way there would be no answer, so the wire is asked only if beats do not settle it. Returns the phase
 * that the spot is in now.
 */
export function doubtSoon(
  draft: Draft,
  spot: Spot,
  phase: Answering,
  after: number = AGREE_MS,
): Answering {
  draft.changed = true
  const doubted = doubtedFrom(draft.now + after, phase)
  enter(draft, spot, doubted)
  return doubted
}

/**
 * The one that handed over has changed its mind, such as because this node was not heard for a while. It may
 * hear the claim of this node at the same time, and fall silent: if both gave way nobody would answer.
 */
export function doubtGiver(draft: Draft, spot: Spot, phase: Answering): void {
  const alone = { ...phase, from: undefined }
  doubtSoon(draft, spot, greeting(draft, alone, AGREE_MS + DOUBT_MS))
}

/** The one that handed over is not heard any more, and says no more whether its kernel answers. */
export function doubtGone(draft: Draft, spot: Spot, phase: Answering): void {
  const looks = looksFrom(draft, draft.now - PROBE_GAP_MS)
  const alone = { ...phase, from: undefined, looks, asksAt: draft.now }
  doubt(draft, spot, greeting(draft, alone, DOUBT_MS))
}

function doubtedFrom(asksAt: number, phase: Answering): Answering {
  return { ...phase, asksAt, doubtedUntil: asksAt + DOUBT_MS }
}

/** A stranger claims what this node answers for. Returns the phase that the spot is in now. */
export function dispute(draft: Draft, spot: Spot, phase: Answering, mac: string): Answering {
  if (phase.dispute?.mac !== mac) draft.news.push({ kind: 'disputed', spot, mac })
  const disputed = { ...phase, dispute: { mac, probes: 0, until: draft.now + QUIET_MS } }
  enter(draft, spot, disputed)
  return disputed
}

/** Asks what is due: whether another member answers, and whether a stranger still claims the address. */
export function askWhileAnswering(
  draft: Draft,
  spot: Spot,
  phase: Answering,
  isLate: boolean,
): void {
  const { asksAt } = phase
  const doubted = asksAt !== undefined && asksAt <= draft.now ? doubt(draft, spot, phase) : phase
  const current = lookAgain(draft, spot, doubted)
  const { dispute: former } = current
  if (former === undefined || former.until > draft.now) return
  const asked = askStranger(draft, spot, isLate ? { ...former, probes: 0 } : former)
  enter(draft, spot, { ...current, dispute: asked })
}

/**
 * Asks the wire again about an address that was taken because nobody answered, until the kernel of a node whose agent
 * is dead must have fallen silent. Returns the phase that the spot is in now.
 */
function lookAgain(draft: Draft, spot: Spot, phase: Answering): Answering {
  const { looks: former } = phase
  if (former === undefined || former.at > draft.now || draft.looks === 0) return phase
  const isOver = draft.now >= former.since + draft.settings.hold
  const looked = { ...phase, looks: isOver ? undefined : looksFrom(draft, former.since) }
  // One that is about to take the address would take the question for that of a rival.
  if (!isOver && phase.yieldsTo === undefined) {
    draft.probes.push(spot)
    draft.looks--
  }
  enter(draft, spot, looked)
  return looked
}

/** Silence was none, but an answer that was late. Next time it gets as much time as that took. */
export function giveWay(draft: Draft, spot: Spot, { since }: Looks, rival: Rival): void {
  withdraw(draft, spot, rival, Math.min(draft.now - since, draft.settings.timeout / 2))
}

/** Returns what is known of the stranger then; undefined if it was asked and is silent. */
function askStranger(draft: Draft, spot: Spot, { mac, probes }: Dispute): Dispute | undefined {
  if (probes < QUESTIONS) {
    draft.probes.push(spot)
    return { mac, probes: probes + 1, until: draft.now + PROBE_GAP_MS }
  }
  draft.news.push({ kind: 'undisputed', spot, mac })
  return undefined
}

/** The wire could not be asked, or answers were lost: silence tells nothing, so it is asked again. */
export function askAgainLater(draft: Draft, spot: Spot, phase: Answering): void {
  const isDoubted = phase.doubtedUntil > draft.now
  const current = isDoubted ? doubtedFrom(draft.now + HELD_MS, phase) : phase
  const { dispute: former } = current
  const until = Math.max(former?.until ?? 0, draft.now + CONFLICT_MS)
  const again = former && { ...former, probes: 0, until }
  enter(draft, spot, { ...current, dispute: again })
}
