// Cleans in the network it runs in: reads { steps, elements, tcp } from stdin, prints the outcome.

import { text } from 'node:stream/consumers'
import { cleanFlows } from '../../../src/apply/conntrack/clean.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { touchedFrontends } from '../../../src/plan/flows/stale.ts'
import { frontendChanges, servedByTables } from '../../../src/plan/nftables/served.ts'
import { type Commission, rulesetOf } from './commission.ts'

const { steps, elements, tcp }: Commission = JSON.parse(await text(process.stdin))
const rules = rulesetOf(elements)
const touched = touchedFrontends(frontendChanges(steps, rules), tcp)
const socket = NetlinkSocket.open()
const outcome = await cleanFlows(socket, touched, () => servedByTables(rules))
socket.close()
process.stdout.write(JSON.stringify(outcome))
