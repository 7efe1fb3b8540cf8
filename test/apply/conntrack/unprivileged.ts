// Cleans without the right to, and prints what came of it as JSON.

import { cleanFlows } from '../../../src/apply/conntrack/clean.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { nothingServed } from '../../../src/frontend/frontend-change.ts'
import { dnsFrontend } from './dns-frontend.ts'

const socket = NetlinkSocket.open()
process.stdout.write(JSON.stringify(await cleanFlows(socket, [dnsFrontend], () => nothingServed)))
socket.close()
