// Listens on a port of this network namespace and leads to a socket in the file system, which all
// namespaces share. Arguments: the address, the port, the path. Says "open"; ends with its stdin.
import { connect, createServer } from 'node:net'

const [host, port, path] = process.argv.slice(2)
const server = createServer((near) => {
  const far = connect(path)
  near.pipe(far).pipe(near)
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
})
server.listen(Number(port), host, () => process.stdout.write('open\n'))
process.stdin.on('end', () => process.exit()).resume()
