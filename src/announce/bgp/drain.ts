import type { BgpAnnouncements, RouteAttributes } from './decision.ts'

/** GRACEFUL_SHUTDOWN (RFC 8326): routers that honour it prefer every other path. */
const GRACEFUL_SHUTDOWN = '65535:0'

/** How a node that is to go says so: its routes stay, and everybody who can uses others. */
export function shuttingDown<Announced extends BgpAnnouncements>(announced: Announced): Announced {
  const routes = announced.routes.map((route) => ({
    ...route,
    to: new Map([...route.to].map(([peer, attributes]) => [peer, worst(attributes)])),
  }))
  return { ...announced, routes }
}

/** Peers of our own AS go by LOCAL_PREF, where 0 is the least (RFC 8326). */
function worst({ communities, ...rest }: RouteAttributes): RouteAttributes {
  const others = communities.filter((each) => each !== GRACEFUL_SHUTDOWN)
  return { ...rest, communities: [...others, GRACEFUL_SHUTDOWN], localPref: 0 }
}

/** Takes all routes back; the sessions stay. */
export function withoutRoutes<Announced extends BgpAnnouncements>(announced: Announced): Announced {
  return { ...announced, routes: [] }
}
