// Commits in the network, and with the rights, that it runs with; prints the outcome.

import { commitIptables } from '../../../src/apply/iptables/commit.ts'
import { FLAVOURS, findPrograms } from '../../../src/apply/iptables/programs.ts'
import { adding } from './namespace.ts'

const flavour = FLAVOURS.find((name) => name === process.argv[2]) ?? 'nft'
const commit = await commitIptables(await findPrograms(flavour), {}, [
  adding({ 'NODELB-DISPATCH': ['-j RETURN'] }),
])
process.stdout.write(JSON.stringify(commit))
