// Cleans in the network it runs in: reads { steps, elements, tcp } from stdin, prints the outcome.

import { text } from 'node:stream/consumers'
import { cleanFlows } from '../../../src/apply/conntrack/clean.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { touchedFronts } from '../../../src/plan/flows/stale.ts'
import type { Ruleset } from '../../../src/ruleset/nftables/types.ts'
import { type Commission, rulesetOf } from './commission.ts'

const { steps, elements, tcp }: Commission = JSON.parse(await text(process.stdin))
const after: Ruleset = rulesetOf(elements)
const socket = NetlinkSocket.open()
const outcome = await cleanFlows(socket, touchedFronts(steps, after, tcp), () => after)
socket.close()
process.stdout.write(JSON.stringify(outcome))
