// Prepares the node it runs on, and prints what came of it as JSON.

import { prepareNode, printSysctl } from '../../../src/apply/sysctl/prepare-node.ts'

const outcomes = prepareNode(JSON.parse(process.argv[2] ?? '{}'), { processors: 1 })
process.stdout.write(JSON.stringify(outcomes.map(printSysctl)))
