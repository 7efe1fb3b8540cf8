import { cidrContains, parseAddress, parseCidr } from '../../model/address.ts'

/** The proxy through which connections to the API server go. */
export type Route =
  | { readonly kind: 'none' }
  | { readonly kind: 'http' | 'https' | 'socks5'; readonly url: URL }

interface UnusableProxy {
  readonly kind: 'unusable'
  readonly reason: string
}

type Environment = Readonly<Record<string, string | undefined>>

const none: Route = { kind: 'none' }

const KINDS: Readonly<Record<string, 'http' | 'https' | 'socks5'>> = {
  'http:': 'http',
  'https:': 'https',
  'socks5:': 'socks5',
  'socks5h:': 'socks5',
}

/**
 * Returns the proxy from `proxy-url` in the kubeconfig, or else from HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY, as client-go decides (Go's golang.org/x/net/http/httpproxy). The environment's proxy is
 * not used for servers on this machine. Returns `unusable` for a URL that is no proxy's.
 */
export function proxyFor(
  server: URL,
  configured: string | undefined,
  environment: Environment,
): Route | UnusableProxy {
  if (configured !== undefined) return parseProxy(configured, 'proxy-url')
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const url = environment[name] || environment[name.toLowerCase()]
  if (!url) return none
  const exceptions = environment['NO_PROXY'] || environment['no_proxy'] || ''
  return isExcepted(server, exceptions) ? none : parseProxy(url, name)
}

function parseProxy(text: string, name: string): Route | UnusableProxy {
  const spelt = text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(spelt) ? new URL(spelt) : undefined
  const kind = url && KINDS[url.protocol]
  if (url !== undefined && kind !== undefined && url.hostname !== '') return { kind, url }
  const shown = text.replace(/\/\/[^/@]*@/, '//…@')
  const expected = 'http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT'
  return {
    kind: 'unusable',
    reason: `${name}: found ${JSON.stringify(shown)}, expected ${expected}`,
  }
}

/**
 * Whether NO_PROXY excepts the server: a list of addresses, ranges and domains, with or without a
 * port, or `*` for all.
 */
function isExcepted(server: URL, exceptions: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = server.port || (server.protocol === 'https:' ? '443' : '80')
  if (host === 'localhost' || isLoopback(host)) return true
  return exceptions
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .some((entry) => entry === '*' || covers(entry, host, port))
}

function isLoopback(host: string): boolean {
  return host === '::1' || (/^127\./.test(host) && parseAddress(host) !== undefined)
}

function covers(entry: string, host: string, port: string): boolean {
  const address = parseAddress(host)?.value
  const range = parseCidr(entry)?.value
  if (range !== undefined) return address !== undefined && cidrContains(range, address)
  const bare = /^\[?([^\]]*?)\]?$/.exec(entry)?.[1] ?? ''
  if (parseAddress(bare) !== undefined) return parseAddress(bare)?.value === address
  const [, named = '', ofPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? []
  if (named === '' || (ofPort !== undefined && ofPort !== port)) return false
  if (address !== undefined) return parseAddress(named)?.value === address
  const domain = named.replace(/^\*(?=\.)/, '')
  return domain.startsWith('.')
    ? host.endsWith(domain)
    : host === domain || host.endsWith(`.${domain}`)
}
