import { type Denial, MOST_TOLD, reasonOf } from '../frontend/denials.ts'
import { frontendText } from '../model/frontend-id.ts'

/**
 * Returns a few lines for each Service, however much it asks for, and the number of its other
 * denials.
 */
export function denialLines(denials: readonly Denial[]): readonly string[] {
  const byService = new Map<string, Denial[]>()
  for (const denial of denials) {
    const mine = byService.get(denial.service)
    if (mine === undefined) byService.set(denial.service, [denial])
    else mine.push(denial)
  }
  return [...byService].flatMap(([service, mine]) => {
    const lines = mine
      .slice(0, MOST_TOLD)
      .map((denial) => `Service ${service}: ${frontendText(denial.key)} ${reasonOf(denial)}`)
    const more = mine.length - lines.length
    if (more === 0) return lines
    return [...lines, `Service ${service}: ${more} more of its addresses and ports are not served`]
  })
}
