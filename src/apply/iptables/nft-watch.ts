import { OWN_CHAIN } from '../../ruleset/iptables/chains.ts'
import { IPTABLES_TABLES } from '../../ruleset/iptables/types.ts'
import { messageAttributes, readText, readU32 } from '../netlink/attributes.ts'
import { NFNL_SUBSYS_NFTABLES, NFNLGRP_NFTABLES, NFT_MSG_NEWGEN } from '../netlink/constants.ts'
import { parseGeneration, type Reply } from '../netlink/message.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { familyName } from '../nftables/constants.ts'
import { next } from '../nftables/monitor.ts'
import type { ForeignChange, IptablesWatch } from './foreign-change.ts'

/** NFT_MSG_*: a commit announces each object that it changed, then its generation. */
const MESSAGE = { deleteTable: 2, newChain: 3, deleteChain: 5, newRule: 6, deleteRule: 8 } as const
/** NFTA_{TABLE_NAME,CHAIN_TABLE,RULE_TABLE}, NFTA_CHAIN_NAME, NFTA_RULE_CHAIN, NFTA_GEN_PROC_*. */
const ATTRIBUTE = { table: 1, nameOfChain: 3, chainOfRule: 2, pid: 2, process: 3 } as const
/**
 * Bytes. Announcements beyond them are lost, which is noticed; more would be memory for other
 * programs' floods.
 */
const RECEIVE_BUFFER = 2 << 20
/** Milliseconds after the first announcement of a burst until the watch looks for losses. */
const SETTLING = 100
const BUILTIN = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])

/**
 * Follows the commits to nf_tables, and reports those that touched nodelb's chains or jumps.
 * Rejects with NetlinkError.
 */
export async function watchNft(onForeign: (change: ForeignChange) => void): Promise<IptablesWatch> {
  let ear = listen(onForeign)
  let closed = false
  await ear.heard()
  return {
    /**
     * Closes the listening socket meanwhile, which would cost the kernel an announcement of 4 KB
     * for each rule; the generations show whether others committed as well.
     */
    async around(_held, commit) {
      const before = await ear.heard()
      ear.close()
      const result = await commit()
      if (closed) return result
      ear = listen(onForeign)
      const after = await ear.heard()
      let expected = before
      for (const _ of result.done) expected = next(expected)
      if (after !== expected) onForeign({ by: 'another commit at the same time' })
      return result
    },
    close() {
      closed = true
      ear.close()
    },
  }
}

interface Ear {
  /** Returns the latest generation up to which all commits are known. Rejects with NetlinkError. */
  heard(): Promise<number>
  close(): void
}

function listen(onForeign: (change: ForeignChange) => void): Ear {
  const socket = NetlinkSocket.open({ groups: [NFNLGRP_NFTABLES], receiveBuffer: RECEIVE_BUFFER })
  let heard: number | undefined
  let touched = false
  let drops = 0
  let settling: NodeJS.Timeout | undefined
  const lookForLosses = (): void => {
    settling = undefined
    const lost = socket.drops() ?? drops
    if (lost !== drops) onForeign({ by: 'more announcements than could be heard' })
    drops = lost
  }
  socket.onMessage((announcement) => {
    settling ??= setTimeout(lookForLosses, SETTLING).unref()
    const message = announcement.type & 0xff
    if (announcement.type >> 8 !== NFNL_SUBSYS_NFTABLES) return
    if (message !== NFT_MSG_NEWGEN) {
      touched ||= concernsUs(message, announcement)
      return
    }
    heard = parseGeneration(announcement)
    if (touched) onForeign({ by: committer(announcement) })
    touched = false
  })
  return {
    async heard() {
      // The answer comes after earlier announcements. A commit whose announcement is still under
      // way has already raised the generation, so the answer counts only at the beginning.
      const generation = await socket.generation()
      heard ??= generation
      return heard
    },
    close() {
      clearTimeout(settling)
      socket.close()
    },
  }
}

/**
 * Returns whether the object is a table, a chain of nodelb's, a rule in one, or a rule in a
 * built-in chain, where the jumps are.
 */
function concernsUs(message: number, { payload }: Reply): boolean {
  if (familyName(payload[0]) === undefined) return false
  const found = messageAttributes(payload)
  const table = readText(found.get(ATTRIBUTE.table))
  if (!IPTABLES_TABLES.some((name) => name === table)) return false
  switch (message) {
    case MESSAGE.deleteTable:
      return true
    case MESSAGE.newChain:
    case MESSAGE.deleteChain:
      return isOurs(readText(found.get(ATTRIBUTE.nameOfChain)))
    case MESSAGE.newRule:
    case MESSAGE.deleteRule:
      return isOurs(readText(found.get(ATTRIBUTE.chainOfRule)))
    default:
      return false
  }
}

function isOurs(chain: string): boolean {
  return chain.startsWith(OWN_CHAIN) || BUILTIN.has(chain)
}

function committer(announcement: Reply): string {
  const found = messageAttributes(announcement.payload)
  const process = readText(found.get(ATTRIBUTE.process))
  return `${process || 'a process'} (${readU32(found.get(ATTRIBUTE.pid))})`
}
