import { ObjectProblems } from '../../announce/object-problems.ts'
import type { TellBgp } from './news.ts'

/** Returns a function that reports what a person should settle for announcing by BGP. */
export function bgpProblems(tell: TellBgp): ObjectProblems {
  return new ObjectProblems({
    problem: (object, problems) => tell({ event: 'bgp-problem', object, problems }),
    inOrder: (object) => tell({ event: 'bgp-in-order', object }),
  })
}
