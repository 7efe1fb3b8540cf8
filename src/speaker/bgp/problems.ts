import { ObjectProblems } from '../../announce/object-problems.ts'
import type { TellBgp } from './news.ts'

/** Returns what tells of announcing by BGP what a person should settle. */
export function bgpProblems(tell: TellBgp): ObjectProblems {
  return new ObjectProblems({
    problem: (object, problems) => tell({ event: 'bgp-problem', object, problems }),
    inOrder: (object) => tell({ event: 'bgp-in-order', object }),
  })
}
