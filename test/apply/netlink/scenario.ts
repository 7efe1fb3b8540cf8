// Runs one scenario, in a process and a network of its own, and prints what it saw as JSON. It must
// then exit by itself: an open socket or a forgotten timer makes the test time out.

import { asking } from './asking.ts'
import { survival } from './survival.ts'

const name = process.argv[2] ?? ''
const scenario = survival[name] ?? asking[name]
if (!scenario) throw new Error(`unknown scenario ${name}`)
process.stdout.write(JSON.stringify(await scenario()))
