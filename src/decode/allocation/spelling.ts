import { schedulerAnnotation } from '../../model/ipvs.ts'
import type { Labels } from '../../model/label-selector.ts'
import { present } from '../../model/present.ts'
import { joinPath, orList, type Report } from '../problem.ts'
import {
  lbpoolLabel,
  metallbNames,
  metallbPrefixes,
  renewAnnotation,
  renewedAnnotation,
  tolerationsAnnotation,
} from './annotations.ts'

const metallbKeys = metallbPrefixes.flatMap((prefix) => metallbNames.map((name) => prefix + name))
const ours = [renewAnnotation, renewedAnnotation, schedulerAnnotation]
const annotationKeys = [...metallbKeys, ...ours, tolerationsAnnotation]

/** Labels of ServiceLB; `enablelb` is one of Nodes, but is put on Services as well. */
const labelKeys = [lbpoolLabel, 'svccontroller.k3s.cattle.io/enablelb']

/** So many letters may differ in a key that is taken for a misspelt one. */
const CLOSE = 2

const EFFECT = 'it has no effect as it stands'

/**
 * Reports annotations whose key is close to one that counts, annotations that are among the labels,
 * and labels that are among the annotations: all of them look right and do nothing.
 */
export function noteMisplaced(labels: Labels, annotations: Labels, report: Report): void {
  for (const [key, value] of annotations) {
    const expected = annotationInstead(key)
    const path = joinPath('metadata.annotations', key)
    if (expected !== undefined) report.note(path, value, expected, EFFECT)
  }
  for (const [key, value] of labels) {
    if (!annotationKeys.includes(key)) continue
    const path = joinPath('metadata.labels', key)
    report.note(path, value, 'this key among the annotations', EFFECT)
  }
}

/** Returns what was expected instead of this annotation; undefined if nothing is wrong with it. */
function annotationInstead(key: string): string | undefined {
  if (annotationKeys.includes(key)) return undefined
  if (labelKeys.includes(key)) return 'this key among the labels'
  const slash = key.lastIndexOf('/')
  const prefix = key.slice(0, slash + 1)
  const name = key.slice(slash + 1)
  const meant = metallbNames.find((each) => isClose(each, name))
  if (metallbPrefixes.some((each) => each === prefix)) {
    return meant === undefined
      ? `${orList(metallbNames.slice(0, 3))} behind ${prefix}`
      : `the key ${prefix}${meant}`
  }
  if (meant !== undefined && looksLikeMetallb(prefix)) return `the key metallb.io/${meant}`
  const near = [...ours, tolerationsAnnotation].find((each) => isClose(each, key))
  return near && `the key ${near}`
}

/** Other prefixes are none of our business: kube-vip.io/loadbalancerIPs is another program's. */
function looksLikeMetallb(prefix: string): boolean {
  return (
    prefix === '' || /metall?b/i.test(prefix) || metallbPrefixes.some((p) => isClose(p, prefix))
  )
}

/** Returns whether two keys differ in few letters; upper and lower case count as the same. */
function isClose(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > CLOSE) return false
  return distance(a.toLowerCase(), b.toLowerCase()) <= CLOSE
}

/** Returns how many letters have to be put in, taken out or exchanged (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchanged = present(row[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(exchanged, present(row[j]) + 1, present(next[j - 1]) + 1))
    }
    row = next
  }
  return present(row[b.length])
}
