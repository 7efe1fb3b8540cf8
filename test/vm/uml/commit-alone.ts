// Commits a plan given as JSON, and prints what came of it as JSON.

import { commitIpvs } from '../../../src/apply/ipvs/commit.ts'
import { openIpvsSockets } from '../../../src/apply/ipvs/sockets.ts'

const sockets = openIpvsSockets()
const outcome = await commitIpvs(sockets, JSON.parse(process.argv[2] ?? '[]'), () => false)
process.stdout.write(JSON.stringify(outcome))
sockets.close()
